import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { orderForDeletion, type Reference } from './deletion-order.rules.js';

/** Deleted in one transaction: short enough that nobody waits for it. */
const CHUNK = 10_000;

/** Crossing: everything that a tenant ever wrote, whatever table it is in. The catalogue says which tables those are. */
@Injectable()
export class TenantRowsRepository {
  constructor(private readonly database: DispatcherDatabase) {}

  /** Everything but the tenant's own row. Safe to repeat, also from the middle. */
  async deleteAll(tenantId: TenantId): Promise<void> {
    await this.deleteDeliveries(tenantId);
    for (const table of await this.findTables()) {
      let deleted = CHUNK;
      while (deleted === CHUNK) deleted = await this.deleteChunk(table, tenantId);
    }
  }

  /** What the dispatcher can't delete row by row (the audit log only grows) goes with this row. */
  async deleteTenant(tenantId: TenantId): Promise<void> {
    await this.database.query('DELETE FROM tenants WHERE id = $1', [tenantId]);
  }

  /** Accounts of people who are members of no other tenant. An operator's stays. */
  async deleteAccounts(tenantId: TenantId): Promise<void> {
    await this.database.transaction(async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `SELECT id FROM users WHERE id IN (SELECT user_id FROM members WHERE tenant_id = $1) ORDER BY id FOR UPDATE`,
        [tenantId],
      );
      // A statement of its own: who joined another tenant until their row was held stays.
      await client.query(
        `DELETE FROM users WHERE id = ANY ($2)
           AND NOT EXISTS (SELECT FROM members WHERE user_id = users.id AND tenant_id <> $1)
           AND NOT EXISTS (SELECT FROM operators WHERE user_id = users.id)`,
        [tenantId, rows.map(({ id }) => id)],
      );
    });
  }

  /** In an order that no foreign key minds. */
  private async findTables(): Promise<string[]> {
    const tables = await this.database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
       WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT relispartition
         AND attname = 'tenant_id' AND NOT attisdropped AND has_table_privilege(pg_class.oid, 'DELETE')
         -- It is what the work goes on from after a crash, and goes with the tenant.
         AND relname <> 'tenant_deletions' ORDER BY relname`,
    );
    const references = await this.database.query<{ from: string; to: string } & Reference>(
      `SELECT conrelid::regclass::text AS "from", confrelid::regclass::text AS "to"
       FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`,
    );
    return orderForDeletion(
      tables.map(({ name }) => name),
      references,
    );
  }

  /** @param table a name from the catalogue */
  private async deleteChunk(table: string, tenantId: TenantId): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(
      `WITH gone AS (
         DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM ${table} WHERE tenant_id = $1 LIMIT ${CHUNK})) RETURNING 1)
       SELECT count(*)::int AS count FROM gone`,
      [tenantId],
    );
    return row?.count ?? 0;
  }

  /** The table of millions, a day at a time: partitions are reached by their parent alone, and no row has a foreign key. */
  private async deleteDeliveries(tenantId: TenantId): Promise<void> {
    const days = await this.database.query<{ day: string }>(
      `SELECT DISTINCT planned_on::text AS day FROM deliveries WHERE tenant_id = $1`,
      [tenantId],
    );
    for (const { day } of days) {
      await this.database.query('DELETE FROM deliveries WHERE planned_on = $1 AND tenant_id = $2', [
        day,
        tenantId,
      ]);
    }
  }
}
