import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type TenantId } from '../platform/identity/index.js';
import { type QuietHours } from './rules/quiet-hours.rules.js';

/** Quiet hours of the tenant that the manager's transaction carries. */
@Injectable()
export class QuietHoursRepository {
  /** The tenant's own first. */
  findAll(manager: EntityManager): Promise<QuietHours[]> {
    return manager.query<QuietHours[]>(
      'SELECT bot_id AS "botId", hours, policy FROM quiet_hours ORDER BY bot_id NULLS FIRST',
    );
  }

  async setForTenant(
    manager: EntityManager,
    tenantId: TenantId,
    { hours, policy }: Omit<QuietHours, 'botId'>,
  ): Promise<void> {
    await manager.query(
      `INSERT INTO quiet_hours (tenant_id, hours, policy) VALUES ($1, $2, $3)
       ON CONFLICT (tenant_id, bot_id) DO UPDATE SET hours = excluded.hours, policy = excluded.policy`,
      [tenantId, JSON.stringify(hours), policy],
    );
  }

  /** @returns whether there is such a bot */
  async setForBot(manager: EntityManager, { botId, hours, policy }: QuietHours): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      `INSERT INTO quiet_hours (tenant_id, bot_id, hours, policy)
       SELECT tenant_id, id, $2, $3 FROM bots WHERE id = $1 AND state <> 'disconnected'
       ON CONFLICT (tenant_id, bot_id) DO UPDATE SET hours = excluded.hours, policy = excluded.policy RETURNING id`,
      [botId, JSON.stringify(hours), policy],
    );
    return rows.length > 0;
  }

  /** @param botId null for the tenant's own @returns whether there were any */
  async delete(manager: EntityManager, botId: string | null): Promise<boolean> {
    const [, count] = await manager.query<[unknown, number]>(
      'DELETE FROM quiet_hours WHERE bot_id IS NOT DISTINCT FROM $1::uuid',
      [botId],
    );
    return count > 0;
  }
}
