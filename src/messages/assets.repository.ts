import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type TenantId } from '../platform/identity/index.js';

export interface AssetRow {
  readonly id: string;
  readonly file_name: string;
  readonly content_type: string;
  /** bigint: comes as text. */
  readonly size_bytes: string;
  readonly sha256: Buffer;
  readonly created_at: Date;
}

const COLUMNS = 'id, file_name, content_type, size_bytes, sha256, created_at';

/** Files of the tenant that the manager's transaction carries; until they are whole, nobody finds them. */
@Injectable()
export class AssetsRepository {
  async insertUploading(manager: EntityManager, tenantId: TenantId, fileName: string): Promise<string> {
    const [row] = await manager.query<{ id: string }[]>(
      `INSERT INTO assets (tenant_id, file_name, content_type) VALUES ($1, $2, '') RETURNING id`,
      [tenantId, fileName],
    );
    if (!row) throw new Error('INSERT returned no row.');
    return row.id;
  }

  async insertChunk(
    manager: EntityManager,
    tenantId: TenantId,
    assetId: string,
    n: number,
    bytes: Buffer,
  ): Promise<void> {
    await manager.query(
      `WITH grown AS (UPDATE assets SET size_bytes = size_bytes + octet_length($4::bytea) WHERE id = $2)
       INSERT INTO asset_chunks (tenant_id, asset_id, n, bytes) VALUES ($1, $2, $3, $4)`,
      [tenantId, assetId, n, bytes],
    );
  }

  async markReady(
    manager: EntityManager,
    assetId: string,
    facts: { contentType: string; sizeBytes: number; sha256: Buffer },
  ): Promise<AssetRow> {
    // TypeORM gives [rows, count] for an UPDATE.
    const [[row]] = await manager.query<[AssetRow[], number]>(
      `UPDATE assets SET state = 'ready', content_type = $2, size_bytes = $3, sha256 = $4
        WHERE id = $1 AND state = 'uploading' RETURNING ${COLUMNS}`,
      [assetId, facts.contentType, facts.sizeBytes, facts.sha256],
    );
    if (!row) throw new Error('The upload was swept away while it went on.');
    return row;
  }

  async findReady(manager: EntityManager, id: string): Promise<AssetRow | undefined> {
    const [row] = await manager.query<AssetRow[]>(
      `SELECT ${COLUMNS} FROM assets WHERE id = $1 AND state = 'ready'`,
      [id],
    );
    return row;
  }

  /** Holds the row until the transaction ends, so that a file isn't deleted while a message begins to name it. */
  async lockReady(
    manager: EntityManager,
    id: string,
    strength: 'SHARE' | 'UPDATE',
  ): Promise<AssetRow | undefined> {
    const [row] = await manager.query<AssetRow[]>(
      `SELECT ${COLUMNS} FROM assets WHERE id = $1 AND state = 'ready' FOR ${strength}`,
      [id],
    );
    return row;
  }

  findPage(manager: EntityManager, before: string, limit: number): Promise<AssetRow[]> {
    return manager.query<AssetRow[]>(
      `SELECT ${COLUMNS} FROM assets WHERE id < $1 AND state = 'ready' ORDER BY id DESC LIMIT $2`,
      [before, limit],
    );
  }

  /** Also of files that are being uploaded, as far as they are here. */
  async sumBytes(manager: EntityManager): Promise<number> {
    const [row] = await manager.query<{ bytes: string }[]>(
      `SELECT coalesce(sum(size_bytes), 0) AS bytes FROM assets`,
    );
    return Number(row?.bytes ?? 0);
  }

  async findChunk(manager: EntityManager, assetId: string, n: number): Promise<Buffer | undefined> {
    const [row] = await manager.query<{ bytes: Buffer }[]>(
      'SELECT bytes FROM asset_chunks WHERE asset_id = $1 AND n = $2',
      [assetId, n],
    );
    return row?.bytes;
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.query('DELETE FROM assets WHERE id = $1', [id]);
  }
}
