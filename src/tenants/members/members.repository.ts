import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { type TenantId, type TenantRole } from '../../platform/identity/index.js';

export interface MemberRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: TenantRole;
  readonly joinedAt: Date;
}

const MEMBERS = `SELECT users.id, users.email, users.name, members.role, members.created_at AS "joinedAt"
  FROM members JOIN users ON users.id = members.user_id`;

/** Members of the tenant that the manager's transaction carries. */
@Injectable()
export class MembersRepository {
  /** @param before user id before which the page begins; newest accounts come first */
  findPage(manager: EntityManager, tenantId: TenantId, before: string, limit: number): Promise<MemberRow[]> {
    return manager.query<MemberRow[]>(
      `${MEMBERS} WHERE members.tenant_id = $1 AND members.user_id < $2 ORDER BY members.user_id DESC LIMIT $3`,
      [tenantId, before, limit],
    );
  }

  async findById(manager: EntityManager, tenantId: TenantId, userId: string): Promise<MemberRow | undefined> {
    const [member] = await manager.query<MemberRow[]>(
      `${MEMBERS} WHERE members.tenant_id = $1 AND members.user_id = $2`,
      [tenantId, userId],
    );
    return member;
  }

  async isEmailConfirmed(manager: EntityManager, tenantId: TenantId, userId: string): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `${MEMBERS} WHERE members.tenant_id = $1 AND members.user_id = $2 AND users.email_confirmed_at IS NOT NULL`,
      [tenantId, userId],
    );
    return rows.length > 0;
  }

  async isMember(manager: EntityManager, tenantId: TenantId, email: string): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `${MEMBERS} WHERE members.tenant_id = $1 AND users.email = $2`,
      [tenantId, email],
    );
    return rows.length > 0;
  }

  /** One change of members at a time: two at once could each leave the other as the last owner, and none remain. */
  async lockAll(manager: EntityManager, tenantId: TenantId): Promise<void> {
    await manager.query('SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tenantId]);
  }

  async countOwners(manager: EntityManager, tenantId: TenantId): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM members WHERE tenant_id = $1 AND role = 'owner'`,
      [tenantId],
    );
    return row?.count ?? 0;
  }

  async changeRole(
    manager: EntityManager,
    tenantId: TenantId,
    userId: string,
    role: TenantRole,
  ): Promise<void> {
    await manager.query('UPDATE members SET role = $3 WHERE tenant_id = $1 AND user_id = $2', [
      tenantId,
      userId,
      role,
    ]);
  }

  /** Sessions and open invitations of theirs go with them. */
  async delete(manager: EntityManager, tenantId: TenantId, userId: string): Promise<void> {
    await manager.query('DELETE FROM members WHERE tenant_id = $1 AND user_id = $2', [tenantId, userId]);
  }

  /**
   * Crossing: the application's login makes nobody a member, since whoever is one is seen with name and e-mail address.
   *
   * @returns false for somebody who is one already
   */
  async insert(client: PoolClient, tenantId: TenantId, userId: string, role: TenantRole): Promise<boolean> {
    const { rowCount } = await client.query(
      'INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [tenantId, userId, role],
    );
    return rowCount === 1;
  }
}
