import { Injectable } from '@nestjs/common';
import { type EntityManager, LessThan, Not } from 'typeorm';
import { idBefore } from '../../platform/http/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { type SealedSecret } from '../../tenants/index.js';
import { type BotState, type UpdatesMode } from './bot-state.rules.js';
import { Bot } from './bot.entity.js';
import { type BotQuery, type ChangeBot, type ConnectBot } from './bots.dto.js';

export interface NewBot extends Pick<ConnectBot, 'environment'> {
  readonly tenantId: TenantId;
  readonly home: string;
  readonly telegramId: string;
  readonly name: string;
  readonly username: string | null;
  readonly firstName: string;
  readonly webhookPath: string;
  readonly updatesMode: UpdatesMode;
  readonly token: SealedSecret;
  readonly tokenFingerprint: Buffer;
}

/** A tenant's bots, inside the tenant's unit of work. */
@Injectable()
export class BotsRepository {
  async insert(manager: EntityManager, bot: NewBot): Promise<Bot> {
    const [row] = await manager.query<{ id: string }[]>(
      `WITH bot AS (
         INSERT INTO bots (tenant_id, environment, api_root, telegram_id, name, username, first_name, webhook_path,
           updates_mode, token_ciphertext, token_key_version, token_fingerprint)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id, no, tenant_id),
       lane AS (INSERT INTO lanes (bot_no, tenant_id) SELECT no, tenant_id FROM bot),
       poll AS (INSERT INTO polling (bot_no, tenant_id) SELECT no, tenant_id FROM bot)
       SELECT id FROM bot`,
      [
        bot.tenantId,
        bot.environment,
        bot.home,
        bot.telegramId,
        bot.name,
        bot.username,
        bot.firstName,
        bot.webhookPath,
        bot.updatesMode,
        bot.token.ciphertext,
        bot.token.keyVersion,
        bot.tokenFingerprint,
      ],
    );
    return manager.findOneByOrFail(Bot, { id: row?.id ?? '' });
  }

  find(manager: EntityManager, id: string): Promise<Bot | null> {
    return manager.findOneBy(Bot, { id });
  }

  /** Locked until the unit of work ends: of two changes, the later one sees the earlier. */
  findForUpdate(manager: EntityManager, id: string): Promise<Bot | null> {
    return manager.findOne(Bot, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  findConnected(manager: EntityManager, home: string, telegramId: string): Promise<Bot | null> {
    return manager.findOneBy(Bot, { home, telegramId, state: Not('disconnected') });
  }

  async countConnected(manager: EntityManager, atMost: number): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM (SELECT FROM bots WHERE state <> 'disconnected' LIMIT $1) AS connected`,
      [atMost === Infinity ? null : atMost],
    );
    return row?.count ?? 0;
  }

  list(manager: EntityManager, query: BotQuery): Promise<Bot[]> {
    return manager.find(Bot, {
      where: { id: LessThan(idBefore(query)), state: query.state ?? Not('disconnected') },
      order: { id: 'DESC' },
      take: query.limit + 1,
    });
  }

  async change(manager: EntityManager, id: string, change: ChangeBot): Promise<void> {
    await manager.update(Bot, { id }, change);
  }

  /** Telegram is told anew where updates go, since somebody else may have told it otherwise meanwhile. */
  async setState(manager: EntityManager, id: string, state: BotState, reason: string | null): Promise<void> {
    await manager.query(
      `UPDATE bots SET state = $2, state_reason = $3, state_changed_at = now(), webhook_url = NULL WHERE id = $1`,
      [id, state, reason],
    );
  }

  async replaceToken(
    manager: EntityManager,
    id: string,
    token: SealedSecret,
    tokenFingerprint: Buffer,
  ): Promise<void> {
    await manager.query(
      `UPDATE bots SET token_ciphertext = $2, token_key_version = $3, token_fingerprint = $4, webhook_url = NULL
        WHERE id = $1`,
      [id, token.ciphertext, token.keyVersion, tokenFingerprint],
    );
  }

  /** Nothing of the token stays; the fingerprint, a hash of it, goes too. */
  async disconnect(manager: EntityManager, id: string): Promise<void> {
    await manager.query(
      `UPDATE bots SET state = 'disconnected', state_reason = NULL, state_changed_at = now(),
         token_ciphertext = NULL, token_fingerprint = '' WHERE id = $1`,
      [id],
    );
  }
}
