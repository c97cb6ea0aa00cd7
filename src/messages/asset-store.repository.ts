import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../platform/database/index.js';

/** A file that a lane sends; `read` may be called again for another try. */
export interface StoredAsset {
  readonly fileName: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Exactly `sizeBytes` bytes in pieces of 256 KiB, each read when it is wanted. */
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
      read: () => this.readChunks(assetId),
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

  private async *readChunks(assetId: string): AsyncGenerator<Buffer> {
    for (let n = 0; ; n++) {
      // The driver reads results as text: base64 takes a third less of it than hexadecimal, and half the time.
      const [row] = await this.database.query<{ base64: string }>(
        `SELECT encode(bytes, 'base64') AS base64 FROM asset_chunks WHERE asset_id = $1 AND n = $2`,
        [assetId, n],
      );
      if (!row) return;
      yield Buffer.from(row.base64, 'base64');
    }
  }
}
