import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeater } from '../platform/clock/index.js';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { AccountMails } from './account-mails/account-mails.service.js';
import { type User } from './users.repository.js';

const LOOK_EVERY_MS = 60 * 60 * 1_000;
/** How long an account of somebody who belongs to no tenant is kept. */
const KEPT_DAYS = 30;
/** Deleted in one transaction. */
const CHUNK = 1_000;
const IS_NEEDED = `(EXISTS (SELECT FROM members WHERE user_id = users.id)
  OR EXISTS (SELECT FROM operators WHERE user_id = users.id))`;

/** Crossing: people who were removed from their only tenant are told, and forgotten a while later. */
@Injectable()
export class DesertedAccountsCleaning implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('accounts');
  private readonly looking = new Repeater(LOOK_EVERY_MS, () => this.clean(), this.logger);

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly mails: AccountMails,
    private readonly clocks: ClockWatch,
  ) {}

  onApplicationBootstrap(): void {
    this.looking.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.looking.stop();
  }

  async clean(): Promise<void> {
    if (!(await this.clocks.look())) return;
    await this.database.query(
      `UPDATE users SET without_tenant_since = NULL WHERE without_tenant_since IS NOT NULL AND ${IS_NEEDED}`,
    );
    const deserted = await this.database.query<Pick<User, 'email' | 'language'>>(
      `UPDATE users SET without_tenant_since = now() WHERE without_tenant_since IS NULL AND NOT ${IS_NEEDED}
       RETURNING email, language`,
    );
    for (const person of deserted) this.mails.send(person, { kind: 'without_tenant' });
    let deleted = CHUNK;
    while (deleted === CHUNK) deleted = await this.deleteChunk();
  }

  private async deleteChunk(): Promise<number> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `SELECT id FROM users WHERE without_tenant_since < now() - make_interval(days => $1) AND NOT ${IS_NEEDED}
         LIMIT ${CHUNK} FOR UPDATE SKIP LOCKED`,
        [KEPT_DAYS],
      );
      // A statement of its own: who joined a tenant until their row was held stays.
      const { rowCount } = await client.query(`DELETE FROM users WHERE id = ANY ($1) AND NOT ${IS_NEEDED}`, [
        rows.map(({ id }) => id),
      ]);
      if (rowCount) this.logger.log(`${rowCount} accounts without a tenant are gone`);
      return rows.length;
    });
  }
}
