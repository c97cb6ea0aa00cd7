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
/** A builder that was away for longer than its lease must not touch what the next one makes. */
const IS_OF_ATTEMPT = `id = $1 AND attempts = $2 AND state = 'building'`;

/** Whoever builds isn't the one to build any more. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

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

  /** Within how many seconds so many were asked for, up to the newest; undefined where there are fewer. */
  async findSecondsSince(manager: EntityManager, nthNewest: number): Promise<number | undefined> {
    const [row] = await manager.query<{ seconds: number }[]>(
      `SELECT extract(epoch FROM now() - created_at)::float8 AS seconds FROM exports
       ORDER BY id DESC OFFSET $1 LIMIT 1`,
      [nthNewest - 1],
    );
    return row?.seconds;
  }

  /** The older ones go, with their bytes. */
  async keepNewest(manager: EntityManager, kept: number): Promise<void> {
    await manager.query(
      'DELETE FROM exports WHERE id IN (SELECT id FROM exports ORDER BY id DESC OFFSET $1)',
      [kept],
    );
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

  /** What an attempt before left. @throws SupersededError */
  async clear(manager: EntityManager, claimed: ClaimedExport): Promise<void> {
    await this.holdOn(manager, claimed);
    await manager.query('DELETE FROM export_chunks WHERE export_id = $1', [claimed.id]);
  }

  /** @throws SupersededError */
  async insertChunk(manager: EntityManager, claimed: ClaimedExport, n: number, bytes: Buffer): Promise<void> {
    await this.holdOn(manager, claimed);
    await manager.query(
      'INSERT INTO export_chunks (tenant_id, export_id, n, bytes) VALUES ($1, $2, $3, $4)',
      [claimed.tenantId, claimed.id, n, bytes],
    );
  }

  /** @throws SupersededError */
  async markReady(manager: EntityManager, claimed: ClaimedExport, sizeBytes: number): Promise<void> {
    await this.holdOn(manager, claimed);
    await manager.query(
      `UPDATE exports SET state = 'ready', size_bytes = $2, ready_at = now() WHERE id = $1`,
      [claimed.id, sizeBytes],
    );
  }

  /** Tried again at once, or given up; nothing where a newer attempt is at it. */
  async markFailed(manager: EntityManager, claimed: ClaimedExport, isGivenUp: boolean): Promise<void> {
    await manager.query(
      `UPDATE exports SET state = CASE WHEN $3 THEN 'failed' ELSE 'waiting' END, leased_until = '-infinity'
       WHERE ${IS_OF_ATTEMPT}`,
      [claimed.id, claimed.attempts, isGivenUp],
    );
  }

  /** Moves the lease on and holds the row until the unit of work ends. */
  private async holdOn(manager: EntityManager, { id, attempts }: ClaimedExport): Promise<void> {
    const [rows] = await manager.query<[unknown[], number]>(
      `UPDATE exports SET leased_until = now() + interval '${LEASE_MINUTES} minutes'
       WHERE ${IS_OF_ATTEMPT} RETURNING id`,
      [id, attempts],
    );
    if (rows.length === 0) throw new SupersededError('a newer attempt builds this export, or it is gone');
  }

  /** Archives of before somebody was erased still know them. */
  async deleteAll(manager: EntityManager): Promise<void> {
    await manager.query('DELETE FROM exports');
  }
}
