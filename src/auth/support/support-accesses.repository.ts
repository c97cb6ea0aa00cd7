import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type TenantId, type UserId } from '../../platform/identity/index.js';

export interface SupportAccessRow {
  readonly id: string;
  readonly operatorId: string;
  readonly reason: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly endedBy: 'operator' | 'member' | null;
}

const COLUMNS = `id, operator_id AS "operatorId", reason, created_at AS "createdAt", expires_at AS "expiresAt",
  ended_at AS "endedAt", ended_by AS "endedBy"`;

/** Looks of operators into tenants. What takes no manager crosses: the operator is in no tenant yet. */
@Injectable()
export class SupportAccessesRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** @returns undefined where there is no such tenant */
  async insert(
    client: PoolClient,
    access: { tenantId: TenantId; operatorId: UserId; reason: string; minutes: number },
  ): Promise<SupportAccessRow | undefined> {
    const { rows } = await client.query<SupportAccessRow>(
      `INSERT INTO support_accesses (tenant_id, operator_id, reason, expires_at)
       SELECT id, $2, $3, now() + make_interval(mins => $4) FROM tenants WHERE id = $1 RETURNING ${COLUMNS}`,
      [access.tenantId, access.operatorId, access.reason, access.minutes],
    );
    return rows[0];
  }

  /** Whether the look goes on, and whoever looks is still an operator. */
  async isOpen(tenantId: TenantId, id: string, operatorId: UserId): Promise<boolean> {
    const rows = await this.dispatcher.query(
      `SELECT FROM support_accesses s JOIN operators o ON o.user_id = s.operator_id
        WHERE s.tenant_id = $1 AND s.id = $2 AND s.operator_id = $3 AND s.ended_at IS NULL AND s.expires_at > now()`,
      [tenantId, id, operatorId],
    );
    return rows.length > 0;
  }

  async hasTenant(tenantId: TenantId): Promise<boolean> {
    return (await this.dispatcher.query('SELECT FROM tenants WHERE id = $1', [tenantId])).length > 0;
  }

  findPageCrossing(tenantId: TenantId, before: string, limit: number): Promise<SupportAccessRow[]> {
    return this.dispatcher.query<SupportAccessRow>(
      `SELECT ${COLUMNS} FROM support_accesses WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
      [tenantId, before, limit],
    );
  }

  findPage(manager: EntityManager, before: string, limit: number): Promise<SupportAccessRow[]> {
    return manager.query<SupportAccessRow[]>(
      `SELECT ${COLUMNS} FROM support_accesses
        WHERE tenant_id = current_tenant_id() AND id < $1 ORDER BY id DESC LIMIT $2`,
      [before, limit],
    );
  }

  /** @returns the look, and whether it went on until now; undefined where there is none */
  async endCrossing(
    client: PoolClient,
    tenantId: TenantId,
    id: string,
  ): Promise<{ row: SupportAccessRow; wasOpen: boolean } | undefined> {
    const ended = await client.query<SupportAccessRow>(
      `UPDATE support_accesses SET ended_at = now(), ended_by = 'operator'
        WHERE tenant_id = $1 AND id = $2 AND ${IS_OPEN} RETURNING ${COLUMNS}`,
      [tenantId, id],
    );
    if (ended.rows[0]) return { row: ended.rows[0], wasOpen: true };
    const { rows } = await client.query<SupportAccessRow>(
      `SELECT ${COLUMNS} FROM support_accesses WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id],
    );
    return rows[0] && { row: rows[0], wasOpen: false };
  }

  /** Ends whatever looks of the operator go on. @returns them, always in the same order of tenants */
  async endAllOf(client: PoolClient, operatorId: UserId): Promise<{ id: string; tenantId: TenantId }[]> {
    const { rows } = await client.query<{ id: string; tenantId: TenantId }>(
      `WITH ended AS (
         UPDATE support_accesses SET ended_at = now(), ended_by = 'operator'
          WHERE operator_id = $1 AND ${IS_OPEN} RETURNING id, tenant_id)
       SELECT id, tenant_id AS "tenantId" FROM ended ORDER BY tenant_id`,
      [operatorId],
    );
    return rows;
  }

  /** @see endCrossing */
  async end(
    manager: EntityManager,
    id: string,
  ): Promise<{ row: SupportAccessRow; wasOpen: boolean } | undefined> {
    // TypeORM gives [rows, count] for an UPDATE.
    const [[ended]] = await manager.query<[SupportAccessRow[], number]>(
      `UPDATE support_accesses SET ended_at = now(), ended_by = 'member'
        WHERE id = $1 AND ${IS_OPEN} RETURNING ${COLUMNS}`,
      [id],
    );
    if (ended) return { row: ended, wasOpen: true };
    const [row] = await manager.query<SupportAccessRow[]>(
      `SELECT ${COLUMNS} FROM support_accesses WHERE id = $1`,
      [id],
    );
    return row && { row, wasOpen: false };
  }
}

const IS_OPEN = 'ended_at IS NULL AND expires_at > now()';
