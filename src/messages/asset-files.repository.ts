import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type BotId } from '../platform/identity/index.js';
import { type AssetKind } from './asset.rules.js';

/** Telegram's `file_id` of an asset, which belongs to one bot: uploaded once per bot, then named. */
@Injectable()
export class AssetFiles {
  constructor(private readonly database: DispatcherDatabase) {}

  async find(botId: BotId, assetId: string, kind: AssetKind): Promise<string | undefined> {
    const [row] = await this.database.query<{ file_id: string }>(
      'SELECT file_id FROM asset_files WHERE bot_id = $1 AND asset_id = $2 AND kind = $3',
      [botId, assetId, kind],
    );
    return row?.file_id;
  }

  /** Keeps the newest one; nothing happens when the asset or the bot is gone, or they are of two tenants. */
  async remember(botId: BotId, assetId: string, kind: AssetKind, fileId: string): Promise<void> {
    await this.database.query(
      `INSERT INTO asset_files (tenant_id, bot_id, asset_id, kind, file_id)
       SELECT assets.tenant_id, bots.id, assets.id, $3, $4
         FROM assets JOIN bots ON bots.tenant_id = assets.tenant_id
        WHERE bots.id = $1 AND assets.id = $2
       ON CONFLICT (bot_id, asset_id, kind) DO UPDATE SET file_id = excluded.file_id`,
      [botId, assetId, kind, fileId],
    );
  }

  /** For when Telegram no longer knows it: the next send uploads the file again. */
  async forget(botId: BotId, assetId: string, kind: AssetKind): Promise<void> {
    await this.database.query('DELETE FROM asset_files WHERE bot_id = $1 AND asset_id = $2 AND kind = $3', [
      botId,
      assetId,
      kind,
    ]);
  }
}
