import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { type Tenant } from '../tenant.entity.js';

export interface OperatedTenantRow extends Tenant {
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly planId: string;
  readonly planName: string;
  /** Its owners let it go, and may still think better of it. */
  readonly isLeaving: boolean;
}

export interface OperatedTenantFilter {
  readonly search?: string | undefined;
  readonly state?: string | undefined;
  readonly planId?: string | undefined;
}

const TENANT = `SELECT t.id, t.name, t.language, t.time_zone AS "timeZone", t.state, t.state_reason AS "stateReason",
    t.state_changed_at AS "stateChangedAt", t.created_at AS "createdAt", t.plan_id AS "planId", p.name AS "planName",
    EXISTS (SELECT FROM tenant_deletions WHERE tenant_id = t.id) AS "isLeaving"
  FROM tenants t JOIN plans p ON p.id = t.plan_id`;

/** Crossing: tenants as whoever runs the installation sees them. */
@Injectable()
export class OperatedTenantsRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** Newest first. */
  findPage(before: string, limit: number, filter: OperatedTenantFilter): Promise<OperatedTenantRow[]> {
    return this.dispatcher.query<OperatedTenantRow>(
      `${TENANT}
       WHERE t.id < $1 AND ($3::text IS NULL OR t.state = $3) AND ($4::uuid IS NULL OR t.plan_id = $4)
         AND ($5::text IS NULL OR strpos(lower(t.name), lower($5)) > 0
           OR EXISTS (SELECT FROM members m JOIN users u ON u.id = m.user_id
                      WHERE m.tenant_id = t.id AND u.email = lower($5)))
       ORDER BY t.id DESC LIMIT $2`,
      [before, limit, filter.state ?? null, filter.planId ?? null, filter.search ?? null],
    );
  }

  async findById(tenantId: string): Promise<OperatedTenantRow | undefined> {
    const [row] = await this.dispatcher.query<OperatedTenantRow>(`${TENANT} WHERE t.id = $1`, [tenantId]);
    return row;
  }

  /** Held until the transaction ends: of two changes, the later one sees the earlier. */
  async lock(client: PoolClient, tenantId: TenantId): Promise<OperatedTenantRow | undefined> {
    // By itself: of a row that changed while it was waited for, a join would see the old plan, which fits no more.
    await client.query('SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tenantId]);
    const { rows } = await client.query<OperatedTenantRow>(`${TENANT} WHERE t.id = $1`, [tenantId]);
    return rows[0];
  }

  async setState(
    client: PoolClient,
    tenantId: TenantId,
    state: Tenant['state'],
    reason: string | null,
  ): Promise<void> {
    await client.query(
      'UPDATE tenants SET state = $2, state_reason = $3, state_changed_at = now() WHERE id = $1',
      [tenantId, state, reason],
    );
  }

  async setPlan(client: PoolClient, tenantId: TenantId, planId: string): Promise<void> {
    await client.query('UPDATE tenants SET plan_id = $2 WHERE id = $1', [tenantId, planId]);
  }
}
