import { Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { afterCommit } from './held-transaction.js';

type Handler = (payload: string) => void;

/** What a unit of work or a transaction of the dispatcher runs its statements with. */
interface Transaction {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

const RECONNECT_MS = 1_000;

/**
 * PostgreSQL's NOTIFY as hints between processes: one connection of its own for all channels, renewed when it breaks.
 * A hint can get lost with the connection, so whoever listens also looks by itself now and then.
 */
export class DatabaseNotifications implements BeforeApplicationShutdown {
  private readonly logger = new Logger('DatabaseNotifications');
  private readonly handlers = new Map<string, Set<Handler>>();
  private client: pg.Client | undefined;
  private connecting: Promise<void> | undefined;
  private reconnectTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly url: string) {}

  /** @param channel a plain lower-case name; all who listen to it hear it */
  async listen(channel: string, handler: Handler): Promise<void> {
    if (!/^[a-z_]{1,60}$/.test(channel)) throw new Error('A channel is named with lower-case letters.');
    this.handlers.set(channel, (this.handlers.get(channel) ?? new Set()).add(handler));
    this.connecting ??= this.connect();
    await this.connecting;
    await this.client?.query(`LISTEN ${channel}`);
  }

  /**
   * Tells every process once the transaction is committed, this one without a detour: what it does next finds the hint
   * heard. Called inside the transaction.
   */
  async announce(transaction: Transaction, channel: string, payload: string): Promise<void> {
    await transaction.query('SELECT pg_notify($1, $2)', [channel, payload]);
    afterCommit(() => this.tell(channel, payload));
  }

  private tell(channel: string, payload: string): void {
    for (const hear of this.handlers.get(channel) ?? []) hear(payload);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.reconnectTimer);
    await this.connecting;
    await this.client?.end();
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      keepAlive: true,
      application_name: 'arauto-listen',
    });
    client.on('notification', ({ channel, payload }) => this.tell(channel, payload ?? ''));
    client.on('error', (error) => this.lose(client, error));
    client.on('end', () => this.lose(client, new Error('the connection ended')));
    try {
      await client.connect();
      this.client = client;
      for (const channel of this.handlers.keys()) await client.query(`LISTEN ${channel}`);
    } catch (error) {
      this.lose(client, error);
    }
  }

  private lose(client: pg.Client, error: unknown): void {
    if (this.isClosed || this.reconnectTimer || (this.client && this.client !== client)) return;
    this.logger.warn(`notifications are away, looking again in a second: ${String(error)}`);
    this.client = undefined;
    this.reconnectTimer = setTimeout(() => {
      this.reconnectTimer = undefined;
      this.connecting = this.connect();
    }, RECONNECT_MS);
  }
}
