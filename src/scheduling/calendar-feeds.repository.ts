import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { DispatcherDatabase } from '../platform/database/index.js';
import { asTenantId, type TenantId } from '../platform/identity/index.js';

/** A tenant's calendar feed: one secret, of which only the hash is kept. */
@Injectable()
export class CalendarFeedsRepository {
  constructor(private readonly crossing: DispatcherDatabase) {}

  /** A former secret is worth nothing any more. */
  async replace(manager: EntityManager, tenantId: TenantId, secretHash: Buffer): Promise<Date> {
    const [row] = await manager.query<{ created_at: Date }[]>(
      `INSERT INTO calendar_feeds (tenant_id, secret_hash) VALUES ($1, $2)
       ON CONFLICT (tenant_id) DO UPDATE SET secret_hash = excluded.secret_hash, created_at = now()
       RETURNING created_at`,
      [tenantId, secretHash],
    );
    if (!row) throw new Error('INSERT returned no row.');
    return row.created_at;
  }

  async findCreatedAt(manager: EntityManager): Promise<Date | null> {
    const [row] = await manager.query<{ created_at: Date }[]>('SELECT created_at FROM calendar_feeds');
    return row?.created_at ?? null;
  }

  async delete(manager: EntityManager): Promise<void> {
    await manager.query('DELETE FROM calendar_feeds');
  }

  /** The tenant whose feed has this secret; a suspended one has none. */
  async findTenant(secretHash: Buffer): Promise<TenantId | undefined> {
    const [row] = await this.crossing.query<{ tenant_id: string }>(
      `SELECT f.tenant_id FROM calendar_feeds f JOIN tenants t ON t.id = f.tenant_id
        WHERE f.secret_hash = $1 AND t.state = 'active'`,
      [secretHash],
    );
    return row && asTenantId(row.tenant_id);
  }
}
