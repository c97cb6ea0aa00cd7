import { Injectable } from '@nestjs/common';
import { DispatcherDatabase, GroupedQuery } from '../platform/database/index.js';
import { type BotId } from '../platform/identity/index.js';
import { type MediaKind } from '../telegram/index.js';

/** An asset as one bot sends it: Telegram's `file_id` of it is worth nothing to another bot. */
export interface AssetUse {
  readonly botId: BotId;
  readonly assetId: string;
  readonly kind: MediaKind;
}

/** Telegram's `file_id` of an asset, which belongs to one bot: uploaded once per bot, then named. */
@Injectable()
export class AssetFiles {
  /** A broadcast begins at a thousand bots at once, and each asks for its own. */
  private readonly fileIds = new GroupedQuery((uses: readonly AssetUse[]) => this.findAll(uses));

  constructor(private readonly database: DispatcherDatabase) {}

  find(use: AssetUse): Promise<string | undefined> {
    return this.fileIds.ask(use);
  }

  /** Keeps the newest one; nothing happens when the asset or the bot is gone, or they are of two tenants. */
  async remember({ botId, assetId, kind }: AssetUse, fileId: string): Promise<void> {
    await this.database.query(
      `INSERT INTO asset_files (tenant_id, bot_id, asset_id, kind, file_id)
       SELECT assets.tenant_id, bots.id, assets.id, $3, $4
         FROM assets JOIN bots ON bots.tenant_id = assets.tenant_id
        WHERE bots.id = $1 AND assets.id = $2
       ON CONFLICT (bot_id, asset_id, kind) DO UPDATE SET file_id = excluded.file_id`,
      [botId, assetId, kind, fileId],
    );
  }

  /**
   * For when Telegram no longer knows it.
   * @returns the one that another process has put in its place since; undefined where the file is to be uploaded again
   */
  async replace({ botId, assetId, kind }: AssetUse, staleFileId: string): Promise<string | undefined> {
    const [row] = await this.database.query<{ file_id: string }>(
      `WITH forgotten AS (
         DELETE FROM asset_files WHERE bot_id = $1 AND asset_id = $2 AND kind = $3 AND file_id = $4)
       SELECT file_id FROM asset_files WHERE bot_id = $1 AND asset_id = $2 AND kind = $3 AND file_id <> $4`,
      [botId, assetId, kind, staleFileId],
    );
    return row?.file_id;
  }

  private async findAll(uses: readonly AssetUse[]): Promise<(string | undefined)[]> {
    const rows = await this.database.query<{ n: number; file_id: string }>(
      `SELECT asked.n::int, files.file_id
       FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS asked(bot_id, asset_id, kind, n)
       JOIN asset_files files USING (bot_id, asset_id, kind)`,
      [uses.map(({ botId }) => botId), uses.map(({ assetId }) => assetId), uses.map(({ kind }) => kind)],
    );
    const fileIds = new Array<string | undefined>(uses.length);
    for (const { n, file_id: fileId } of rows) fileIds[n - 1] = fileId;
    return fileIds;
  }
}
