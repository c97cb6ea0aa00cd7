import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { asTenantId, type TenantId, type UserId } from '../../platform/identity/index.js';
import { type Language, SUSPENDED_FOR_DELETION } from '../../tenants/index.js';

export interface TenantOwner {
  readonly email: string;
  readonly language: Language;
}

interface RestoredTenant {
  readonly tenantId: TenantId;
  readonly isActive: boolean;
}

/** Longer than one step of a deletion takes; a process that dies is followed by another. */
const LEASE_MINUTES = 10;

/** Crossing: a tenant that leaves is suspended, so nobody acts in it any more. */
@Injectable()
export class TenantDeletionsRepository {
  constructor(private readonly database: DispatcherDatabase) {}

  /**
   * Suspends the tenant and notes when it goes.
   * @returns undefined where it is suspended already, or no more there
   */
  async insert(
    client: PoolClient,
    deletion: { tenantId: TenantId; requestedBy: UserId; graceDays: number; tokenHash: Buffer },
  ): Promise<Date | undefined> {
    const { tenantId, requestedBy, graceDays, tokenHash } = deletion;
    const suspended = await client.query(
      `UPDATE tenants SET state = 'suspended', state_reason = $2, state_changed_at = now()
       WHERE id = $1 AND state = 'active'`,
      [tenantId, SUSPENDED_FOR_DELETION],
    );
    if (suspended.rowCount !== 1) return undefined;
    const { rows } = await client.query<{ dueAt: Date }>(
      `INSERT INTO tenant_deletions (tenant_id, requested_by, due_at, restore_token_hash)
       VALUES ($1, $2, now() + make_interval(days => $3), $4) RETURNING due_at AS "dueAt"`,
      [tenantId, requestedBy, graceDays, tokenHash],
    );
    return rows[0]?.dueAt;
  }

  async findOwners(client: PoolClient, tenantId: TenantId): Promise<TenantOwner[]> {
    const { rows } = await client.query<TenantOwner>(
      `SELECT users.email, users.language FROM members JOIN users ON users.id = members.user_id
       WHERE members.tenant_id = $1 AND members.role = 'owner'`,
      [tenantId],
    );
    return rows;
  }

  /**
   * A tenant that an operator suspended meanwhile stays so.
   * @returns the tenant that stays; undefined where the token is nobody's or came too late
   */
  async callOff(client: PoolClient, tokenHash: Buffer): Promise<RestoredTenant | undefined> {
    const { rows } = await client.query<{ tenantId: string }>(
      `DELETE FROM tenant_deletions WHERE restore_token_hash = $1 AND due_at > now()
       RETURNING tenant_id AS "tenantId"`,
      [tokenHash],
    );
    if (!rows[0]) return undefined;
    const tenantId = asTenantId(rows[0].tenantId);
    const resumed = await client.query(
      `UPDATE tenants SET state = 'active', state_reason = NULL, state_changed_at = now()
       WHERE id = $1 AND state_reason = $2`,
      [tenantId, SUSPENDED_FOR_DELETION],
    );
    return { tenantId, isActive: resumed.rowCount === 1 };
  }

  /** For the next look, by whichever process. */
  async release(tenantId: TenantId): Promise<void> {
    await this.database.query(
      `UPDATE tenant_deletions SET leased_until = now() + interval '5 seconds' WHERE tenant_id = $1`,
      [tenantId],
    );
  }

  /** A tenant whose time has come, this process's to delete until the lease ends. */
  async claimDue(): Promise<TenantId | undefined> {
    const [row] = await this.database.query<{ tenantId: string }>(
      `UPDATE tenant_deletions SET leased_until = now() + interval '${LEASE_MINUTES} minutes'
       WHERE tenant_id = (SELECT tenant_id FROM tenant_deletions WHERE due_at <= now() AND leased_until <= now()
                          ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING tenant_id AS "tenantId"`,
    );
    return row && asTenantId(row.tenantId);
  }
}
