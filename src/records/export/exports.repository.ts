import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { idBefore, type PageQuery } from '../../platform/http/index.js';
import { asTenantId, type TenantId, type UserId } from '../../platform/identity/index.js';

export interface ExportRow {
  readonly id: string;
  readonly state: 'waiting' | 'building' | 'ready' | 'failed';
  /** bigint: comes as text. */
  readonly sizeBytes: string;
  readonly createdAt: Date;
  readonly readyAt: Date | null;
}

/** An archive that is this process's to build, until the lease ends. */
export interface ClaimedExport {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly attempts: number;
}

const COLUMNS = `id, state, size_bytes AS "sizeBytes", created_at AS "createdAt", ready_at AS "readyAt"`;
/** Far longer than the time between two chunks, with each of which it is moved on. */
const LEASE_MINUTES = 2;
export const MOST_ATTEMPTS = 3;

/** Archives, inside the tenant's unit of work; whoever builds finds them across tenants. */
@Injectable()
export class ExportsRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** @returns undefined where another one isn't finished yet */
  async insert(
    manager: EntityManager,
    tenantId: TenantId,
    requestedBy: UserId,
  ): Promise<ExportRow | undefined> {
    const [row] = await manager.query<ExportRow[]>(
      `INSERT INTO exports (tenant_id, requested_by) VALUES ($1, $2)
       ON CONFLICT (tenant_id) WHERE state IN ('waiting', 'building') DO NOTHING RETURNING ${COLUMNS}`,
      [tenantId, requestedBy],
    );
    return row;
  }

  findPage(manager: EntityManager, query: PageQuery): Promise<ExportRow[]> {
    return manager.query<ExportRow[]>(
      `SELECT ${COLUMNS} FROM exports WHERE id < $1 ORDER BY id DESC LIMIT $2`,
      [idBefore(query), query.limit + 1],
    );
  }

  async find(manager: EntityManager, id: string): Promise<ExportRow | undefined> {
    const [row] = await manager.query<ExportRow[]>(`SELECT ${COLUMNS} FROM exports WHERE id = $1`, [id]);
    return row;
  }

  async findChunk(manager: EntityManager, id: string, n: number): Promise<Buffer | undefined> {
    const [row] = await manager.query<{ bytes: Buffer }[]>(
      'SELECT bytes FROM export_chunks WHERE export_id = $1 AND n = $2',
      [id, n],
    );
    return row?.bytes;
  }

  /** Crossing. */
  async claim(): Promise<ClaimedExport | undefined> {
    const [row] = await this.dispatcher.query<{ id: string; tenantId: string; attempts: number }>(
      `UPDATE exports SET state = 'building', attempts = attempts + 1,
         leased_until = now() + interval '${LEASE_MINUTES} minutes'
       WHERE id = (SELECT e.id FROM exports e JOIN tenants t ON t.id = e.tenant_id AND t.state = 'active'
                   WHERE e.state IN ('waiting', 'building') AND e.leased_until <= now()
                   ORDER BY e.id LIMIT 1 FOR UPDATE OF e SKIP LOCKED)
       RETURNING id, tenant_id AS "tenantId", attempts`,
    );
    return row && { ...row, tenantId: asTenantId(row.tenantId) };
  }

  /** What an attempt before left. */
  async clear(manager: EntityManager, id: string): Promise<void> {
    await manager.query('DELETE FROM export_chunks WHERE export_id = $1', [id]);
  }

  async insertChunk(
    manager: EntityManager,
    tenantId: TenantId,
    id: string,
    n: number,
    bytes: Buffer,
  ): Promise<void> {
    await manager.query(
      'INSERT INTO export_chunks (tenant_id, export_id, n, bytes) VALUES ($1, $2, $3, $4)',
      [tenantId, id, n, bytes],
    );
    await manager.query(
      `UPDATE exports SET leased_until = now() + interval '${LEASE_MINUTES} minutes' WHERE id = $1`,
      [id],
    );
  }

  async markReady(manager: EntityManager, id: string, sizeBytes: number): Promise<void> {
    await manager.query(
      `UPDATE exports SET state = 'ready', size_bytes = $2, ready_at = now() WHERE id = $1`,
      [id, sizeBytes],
    );
  }

  /** Tried again at once, or given up. */
  async markFailed(manager: EntityManager, id: string, isGivenUp: boolean): Promise<void> {
    await manager.query(
      `UPDATE exports SET state = CASE WHEN $2 THEN 'failed' ELSE 'waiting' END, leased_until = '-infinity'
       WHERE id = $1`,
      [id, isGivenUp],
    );
  }

  /** Archives of before somebody was erased still know them. */
  async deleteAll(manager: EntityManager): Promise<void> {
    await manager.query('DELETE FROM exports');
  }
}
