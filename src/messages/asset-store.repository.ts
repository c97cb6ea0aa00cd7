import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../platform/database/index.js';
import { CHUNK_BYTES } from './asset.rules.js';

/**
 * Node reads a connection by 64 KiB. What fits into one reading, with the protocol around it, is copied once; beyond that
 * the driver puts readings together in a buffer of twice the size.
 */
const PIECE_BYTES = 52 * 1024;

/** The file was deleted, before or while it was read. */
export class AssetGoneError extends Error {
  constructor() {
    super('The file was deleted.');
  }
}

/** A file that a lane sends; `read` may be called again for another try. */
export interface StoredAsset {
  readonly fileName: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /**
   * Exactly `sizeBytes` bytes in pieces of at most 52 KiB, each read when it is wanted, by a statement of its own.
   * @throws AssetGoneError where it is deleted meanwhile: what came until then is not the file
   */
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
    const sizeBytes = Number(row.size_bytes);
    return {
      fileName: row.file_name,
      contentType: row.content_type,
      sizeBytes,
      read: () => this.readPieces(assetId, sizeBytes),
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

  private async *readPieces(assetId: string, sizeBytes: number): AsyncGenerator<Buffer> {
    for (let position = 0; position < sizeBytes;) {
      const piece = await this.database.readBytes(
        `SELECT substring(bytes FROM $3 FOR $4) FROM asset_chunks WHERE asset_id = $1 AND n = $2`,
        [assetId, Math.floor(position / CHUNK_BYTES), (position % CHUNK_BYTES) + 1, PIECE_BYTES],
      );
      // The whole file was there once: an upload that isn't whole is swept, never opened.
      if (!piece?.length) throw new AssetGoneError();
      position += piece.length;
      yield piece;
    }
  }
}
