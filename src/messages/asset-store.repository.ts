import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../platform/database/index.js';
import { CHUNK_BYTES } from './asset.rules.js';

/**
 * The driver reads results as text. As base64 a piece of this size is a string that V8 keeps among its young: with whole
 * chunks a worker grew by 60 MB before the collector looked at the old ones. It also never holds up the event loop for
 * longer than a fraction of a millisecond.
 */
const PIECE_BYTES = CHUNK_BYTES / 4;

/** A file that a lane sends; `read` may be called again for another try. */
export interface StoredAsset {
  readonly fileName: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Exactly `sizeBytes` bytes in pieces of 64 KiB, each read when it is wanted, by a statement of its own. */
  read(): AsyncIterable<Buffer>;
}

/** Files as the lanes see them: of every tenant, whole ones only. */
@Injectable()
export class AssetStore {
  constructor(private readonly database: DispatcherDatabase) {}

  /** Undefined where it was deleted after its message was accepted. */
  async open(assetId: string): Promise<StoredAsset | undefined> {
    const [row] = await this.database.query<{
      file_name: string;
      content_type: string;
      size_bytes: string;
    }>(`SELECT file_name, content_type, size_bytes FROM assets WHERE id = $1 AND state = 'ready'`, [assetId]);
    if (!row) return undefined;
    return {
      fileName: row.file_name,
      contentType: row.content_type,
      sizeBytes: Number(row.size_bytes),
      read: () => this.readPieces(assetId),
    };
  }

  /** Removes uploads that nobody finished. @returns how many */
  async sweepUnfinished(olderThanSeconds: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM assets WHERE state = 'uploading' AND created_at < now() - make_interval(secs => $1) RETURNING id`,
      [olderThanSeconds],
    );
    return rows.length;
  }

  private async *readPieces(assetId: string): AsyncGenerator<Buffer> {
    for (let position = 0; ; position += PIECE_BYTES) {
      const [row] = await this.database.query<{ base64: string }>(
        `SELECT encode(substring(bytes FROM $3 FOR $4), 'base64') AS base64
         FROM asset_chunks WHERE asset_id = $1 AND n = $2`,
        [assetId, Math.floor(position / CHUNK_BYTES), (position % CHUNK_BYTES) + 1, PIECE_BYTES],
      );
      // Behind the last chunk, or behind the end of the last chunk.
      if (!row?.base64) return;
      yield Buffer.from(row.base64, 'base64');
    }
  }
}
