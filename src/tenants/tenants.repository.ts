import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { DispatcherDatabase } from '../platform/database/index.js';
import { ProblemError } from '../platform/errors/index.js';
import { type TenantId, type TenantRole, type UserId } from '../platform/identity/index.js';
import { type ChangeTenant } from './tenant.dto.js';
import { Tenant } from './tenant.entity.js';

/** A tenant that a person belongs to, and as what. */
export interface Membership {
  readonly tenant: Tenant;
  readonly role: TenantRole;
}

const TENANT_COLUMNS = `tenants.id, tenants.name, tenants.language, tenants.time_zone AS "timeZone", tenants.state,
  tenants.created_at AS "createdAt"`;

@Injectable()
export class TenantsRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  findByIdOrThrow(manager: EntityManager, tenantId: TenantId): Promise<Tenant> {
    return manager.findOneByOrFail(Tenant, { id: tenantId });
  }

  async change(manager: EntityManager, tenantId: TenantId, change: ChangeTenant): Promise<void> {
    await manager.update(Tenant, { id: tenantId }, change);
  }

  /** With those who are invited and still listed. */
  async countMembers(manager: EntityManager): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT (SELECT count(*) FROM members)::int
         + (SELECT count(*) FROM invitations WHERE ended_at IS NULL)::int AS count`,
    );
    return row?.count ?? 0;
  }

  /** Crossing: at sign-up the tenant isn't there yet to act in. @throws ProblemError 503 where new tenants get no plan */
  async insert(
    client: PoolClient,
    tenant: Pick<Tenant, 'name' | 'language' | 'timeZone'>,
    ownerId: UserId,
  ): Promise<Tenant> {
    const { rows } = await client.query<Tenant>(
      `INSERT INTO tenants (name, language, time_zone) SELECT $1, $2, $3 WHERE default_plan_id() IS NOT NULL
       RETURNING ${TENANT_COLUMNS}`,
      [tenant.name, tenant.language, tenant.timeZone],
    );
    const [made] = rows;
    if (!made) throw noDefaultPlan();
    await client.query(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'owner')`, [
      made.id,
      ownerId,
    ]);
    return made;
  }

  /** Crossing: at sign-in a person's tenants are looked for. The tenant joined first comes first. */
  async findMemberships(userId: UserId): Promise<Membership[]> {
    const rows = await this.dispatcher.query<Tenant & { role: TenantRole }>(
      `SELECT ${TENANT_COLUMNS}, members.role FROM members JOIN tenants ON tenants.id = members.tenant_id
       WHERE members.user_id = $1 ORDER BY members.created_at, tenants.id`,
      [userId],
    );
    return rows.map(({ role, ...tenant }) => ({ tenant, role }));
  }

  /** Crossing: of all tenants. Whoever makes another one of theirs meanwhile waits until this transaction ends. */
  async lockAndCountOwned(client: PoolClient, userId: UserId): Promise<number> {
    await client.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [userId]);
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM members WHERE user_id = $1 AND role = 'owner'`,
      [userId],
    );
    return rows[0]?.count ?? 0;
  }
}

/** The API keeps one of the plans the default; who changes the table by hand may not. */
function noDefaultPlan(): ProblemError {
  return new ProblemError(
    503,
    'no_default_plan',
    'There is no plan for new tenants: the operator of this installation must make one the default.',
  );
}
