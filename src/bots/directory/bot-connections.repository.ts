import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { Configuration } from '../../config/index.js';
import { DispatcherDatabase, GroupedQuery } from '../../platform/database/index.js';
import {
  asBotId,
  asBotNumber,
  asTenantId,
  type BotId,
  type BotNumber,
  type TenantId,
} from '../../platform/identity/index.js';
import { TokenVault } from '../registration/token-vault.js';
import { apiRootOf } from '../registration/bot-identity.rules.js';
import { type BotEnvironment, type BotState } from '../registration/bot-state.rules.js';
import { type ConnectedBot } from './connected-bot.js';

interface BotRow {
  id: string;
  no: string;
  tenant_id: string;
  environment: BotEnvironment;
  api_root: string;
  state: BotState;
  telegram_id: string;
  first_name: string;
  username: string | null;
  token_ciphertext: Buffer | null;
  token_key_version: number;
  token_fingerprint: Buffer;
}

const COLUMNS = `id, no, tenant_id, environment, api_root, state, telegram_id, first_name, username,
  token_ciphertext, token_key_version, token_fingerprint`;

/** Bots of all tenants, as the dispatcher sees them. */
@Injectable()
export class BotConnections {
  private readonly rows = new GroupedQuery((botNumbers: readonly BotNumber[]) => this.findRows(botNumbers));

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly vault: TokenVault,
    private readonly configuration: Configuration,
  ) {}

  async find(botNo: BotNumber): Promise<ConnectedBot | undefined> {
    const row = await this.rows.ask(botNo);
    return row && this.toConnectedBot(row);
  }

  async findNumber(botId: BotId): Promise<BotNumber | undefined> {
    const rows = await this.database.query<{ no: string }>('SELECT no FROM bots WHERE id = $1', [botId]);
    return rows[0] && asBotNumber(rows[0].no);
  }

  async findNumbersOf(tenantId: TenantId): Promise<BotNumber[]> {
    const rows = await this.database.query<{ no: string }>(
      `SELECT no FROM bots WHERE tenant_id = $1 AND state <> 'disconnected' ORDER BY no`,
      [tenantId],
    );
    return rows.map(({ no }) => asBotNumber(no));
  }

  /** Nothing of the token stays. */
  async disconnect(botNo: BotNumber): Promise<BotId | undefined> {
    const [row] = await this.database.query<{ id: string }>(
      `UPDATE bots SET state = 'disconnected', state_reason = NULL, state_changed_at = now(),
         token_ciphertext = NULL, token_fingerprint = '' WHERE no = $1 RETURNING id`,
      [botNo],
    );
    return row && asBotId(row.id);
  }

  /** Who holds this bot of Telegram's now, in whatever tenant. */
  async findHolder(home: string, telegramId: string): Promise<ConnectedBot | undefined> {
    const rows = await this.database.query<BotRow>(
      `SELECT ${COLUMNS} FROM bots
        WHERE api_root = $1 AND telegram_id = $2 AND state NOT IN ('token_rejected', 'disconnected')`,
      [home, telegramId],
    );
    return rows[0] && this.toConnectedBot(rows[0]);
  }

  /**
   * A bot's state after a word of Telegram's on this very token.
   * @returns whether the state changed
   */
  async setState(
    client: PoolClient,
    botNo: BotNumber,
    tokenFingerprint: Buffer,
    from: readonly BotState[],
    state: BotState,
    reason: string | null,
  ): Promise<boolean> {
    const { rowCount } = await client.query(
      `UPDATE bots SET state = $4, state_reason = $5, state_changed_at = now()
        WHERE no = $1 AND token_fingerprint = $2 AND state = ANY ($3)`,
      [botNo, tokenFingerprint, from, state, reason],
    );
    return rowCount === 1;
  }

  private async findRows(botNumbers: readonly BotNumber[]): Promise<(BotRow | undefined)[]> {
    const rows = await this.database.query<BotRow>(
      `SELECT ${COLUMNS} FROM bots WHERE no = ANY ($1::bigint[])`,
      [botNumbers],
    );
    const byNumber = new Map(rows.map((row) => [row.no, row]));
    return botNumbers.map((botNo) => byNumber.get(botNo));
  }

  private async toConnectedBot(row: BotRow): Promise<ConnectedBot> {
    const tenantId = asTenantId(row.tenant_id);
    const place = { tenantId, home: row.api_root, telegramId: row.telegram_id };
    return {
      botNo: asBotNumber(row.no),
      botId: asBotId(row.id),
      tenantId,
      environment: row.environment,
      apiRoot: apiRootOf(row.environment, row.api_root, this.configuration.settings),
      state: row.state,
      telegramId: Number(row.telegram_id),
      firstName: row.first_name,
      username: row.username,
      token: row.token_ciphertext
        ? await this.vault.open(place, row.token_key_version, row.token_ciphertext)
        : '',
      tokenFingerprint: row.token_fingerprint,
    };
  }
}
