import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import {
  startEmbeddedDatabase,
  type EmbeddedDatabase,
} from '../../../src/platform/embedded-database/index.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { ProductProcess } from '../../harness/processes.js';
import { buildProduct, homeDirectory } from '../../harness/product.js';
import { SettableClock } from '../../harness/settable-clock.js';

/** As `npm test` has its server: what is lost with the machine is no part of this. */
const SERVER_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
const HELD = 'sending is held here';
const GOES_ON = 'the clocks agree again';

/** A process of the product and the wall clock that it goes by. */
export class ClockedProcess {
  private constructor(
    readonly process: ProductProcess,
    readonly clock: SettableClock,
  ) {}

  static async start(roles: string, environment: Record<string, string>): Promise<ClockedProcess> {
    const clock = new SettableClock();
    return new ClockedProcess(
      await ProductProcess.start(roles, { ...environment, ...clock.environment }),
      clock,
    );
  }

  /** Whether its log says last that it holds sending. */
  get isHolding(): boolean {
    const said = this.process.lastWords;
    return said.lastIndexOf(HELD) > said.lastIndexOf(GOES_ON);
  }

  async end(): Promise<void> {
    this.process.signal('SIGCONT');
    await this.process.end('SIGTERM');
    this.clock.remove();
  }
}

/** Every part of the product as a process with a wall clock of its own, and a PostgreSQL with another. */
export class ClocksInstallation {
  readonly schedulers: ClockedProcess[] = [];
  readonly workers: ClockedProcess[] = [];

  private constructor(
    private readonly home: string,
    private readonly server: EmbeddedDatabase,
    readonly database: TestDatabase,
    /** The clock of PostgreSQL. */
    readonly databaseClock: SettableClock,
    private readonly superuser: Client,
    private readonly environment: Record<string, string>,
    readonly sandbox: ProductProcess,
    readonly api: ProductProcess,
  ) {}

  static async start(): Promise<ClocksInstallation> {
    const databaseClock = new SettableClock();
    await buildProduct();
    const home = mkdtempSync(join(tmpdir(), 'arauto-clocks-'));
    const server = await startEmbeddedDatabase({
      homeDirectory,
      dataDirectory: '.arauto/clocks-postgres',
      databaseName: 'postgres',
      settings: SERVER_SETTINGS,
      environment: databaseClock.environment,
      log: () => undefined,
    });
    const database = await createTestDatabase(server.url);
    const superuser = new Client({ connectionString: database.urls.superuser });
    await superuser.connect();
    const key = () => randomBytes(32).toString('base64');
    const keys = { ENCRYPTION_KEY: key(), SESSION_KEY: key(), SANDBOX_KEY: key() };
    const sandbox = await ProductProcess.start('sandbox', { ...keys, ARAUTO_HOME: home, SANDBOX_PORT: '0' });
    const environment = {
      ...keys,
      ARAUTO_HOME: home,
      SANDBOX_URL: sandbox.sandboxUrl,
      DATABASE_URL: database.urls.app,
      DATABASE_DISPATCHER_URL: database.urls.dispatcher,
      PACING_BOT_PER_SECOND: '0',
      PACING_CHAT_PER_SECOND: '0',
    };
    const api = await ProductProcess.start('api', environment);
    return new ClocksInstallation(
      home,
      server,
      database,
      databaseClock,
      superuser,
      environment,
      sandbox,
      api,
    );
  }

  /** Lets two of each go on from here, at the pace of the proof. */
  async startMembers(perSecond: number): Promise<void> {
    this.environment['PACING_BOT_PER_SECOND'] = String(perSecond);
    await Promise.all([
      this.add('scheduler'),
      this.add('scheduler'),
      this.add('worker,poller'),
      this.add('worker,poller'),
    ]);
  }

  /** Kills a worker, which has no chance to give its leases back, and starts another in its place. */
  async replaceWorker(): Promise<() => Promise<void>> {
    const killed = this.workers.shift()!;
    await killed.process.end('SIGKILL');
    killed.clock.remove();
    return () => this.add('worker,poller');
  }

  get sandboxKey(): string {
    return this.environment['SANDBOX_KEY']!;
  }

  /** All whose clocks can be set. */
  get members(): readonly ClockedProcess[] {
    return [...this.schedulers, ...this.workers];
  }

  /** One more, that ends when the caller ends it. */
  startOneMore(roles: string): Promise<ClockedProcess> {
    return ClockedProcess.start(roles, this.environment);
  }

  /** Sets the clock of the whole machine, as far as the database and whoever sends go by it. */
  setAll(aheadSeconds: number): void {
    this.databaseClock.set(aheadSeconds);
    for (const { clock } of this.members) clock.set(aheadSeconds);
  }

  async look<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.superuser.query(sql, parameters)).rows as Row[];
  }

  async count(sql: string, parameters: unknown[] = []): Promise<number> {
    const [row] = await this.look<{ count: number }>(`SELECT count(*)::int AS count ${sql}`, parameters);
    return row!.count;
  }

  /** Keeps others from writing to a table until what it gives is called. */
  async lock(table: string): Promise<() => Promise<void>> {
    const locker = new Client({ connectionString: this.database.urls.superuser });
    await locker.connect();
    await locker.query('BEGIN');
    await locker.query(`LOCK TABLE ${table} IN SHARE MODE`);
    return () => locker.end();
  }

  async breakConnections(pids: readonly number[]): Promise<void> {
    await this.look('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids]);
  }

  /** The server's processes that wait for a lock with a statement that has these words. */
  async waiting(words: string): Promise<number[]> {
    const rows = await this.look<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND position($1 IN query) > 0`,
      [words],
    );
    return rows.map(({ pid }) => pid);
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((one) => one.end()));
    await this.api.end();
    await this.sandbox.end();
    await this.superuser.end();
    await this.database.drop();
    await this.server.stop();
    this.databaseClock.remove();
    rmSync(this.home, { recursive: true, force: true });
  }

  private async add(roles: 'scheduler' | 'worker,poller'): Promise<void> {
    const added = await ClockedProcess.start(roles, this.environment);
    (roles === 'scheduler' ? this.schedulers : this.workers).push(added);
  }
}
