import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type ConnectedBot } from '../bots/index.js';
import { type BotNumber, type TenantId } from '../platform/identity/index.js';
import { type Chat as TelegramChat } from '../telegram/index.js';
import { ChatMerges } from './chat-merges.js';
import { type Reachability, titleOf } from './membership.rules.js';

export interface ConsentingChat {
  readonly id: string;
  readonly chatNo: string;
  readonly tenantId: TenantId;
  readonly botId: string;
  readonly contactId: string | null;
}

/** Chats as bots meet them, inside the tenant's unit of work. */
@Injectable()
export class ChatsRepository {
  constructor(private readonly merges: ChatMerges) {}

  /**
   * Remembers a chat from which something came. Who writes can be reached again, unless rights are what is missing;
   * who wrote /stop stays so.
   * @param reachability what Telegram says of the bot's membership, where it says so
   */
  async meet(
    manager: EntityManager,
    bot: ConnectedBot,
    chat: TelegramChat,
    contactId: string | null,
    reachability?: Reachability,
  ): Promise<void> {
    await manager.query(
      `INSERT INTO chats AS c (tenant_id, bot_id, bot_no, telegram_chat_id, type, title, username, contact_id,
         state, state_reason)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, 'active'), $10)
       ON CONFLICT (bot_no, telegram_chat_id) DO UPDATE SET
         type = EXCLUDED.type, title = EXCLUDED.title, username = EXCLUDED.username,
         contact_id = coalesce(EXCLUDED.contact_id, c.contact_id), last_seen_at = now(),
         (state, state_reason, state_changed_at) = (
           SELECT state, CASE WHEN state = c.state AND $9::text IS NULL THEN c.state_reason ELSE $10 END,
                  CASE WHEN state = c.state THEN c.state_changed_at ELSE now() END
             FROM (SELECT CASE WHEN c.state = 'stopped' THEN c.state
                               WHEN $9::text IS NOT NULL THEN $9::text
                               WHEN c.state_reason = 'no_rights' THEN c.state
                               ELSE 'active' END AS state) AS next)`,
      [
        bot.tenantId,
        bot.botId,
        bot.botNo,
        chat.id,
        chat.type,
        titleOf(chat),
        'username' in chat ? (chat.username ?? null) : null,
        contactId,
        reachability?.state ?? null,
        reachability?.reason ?? null,
      ],
    );
  }

  /** Counts no further than `atMost`, by an index alone. */
  async countUpTo(manager: EntityManager, atMost: number): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count
         FROM (SELECT FROM chats WHERE tenant_id = current_tenant_id() LIMIT $1) AS known`,
      [atMost === Infinity ? null : atMost],
    );
    return row?.count ?? 0;
  }

  /**
   * A person's own word: /start or /stop.
   * @returns the chat where that changed something
   */
  async setConsent(
    manager: EntityManager,
    botNo: BotNumber,
    telegramChatId: number,
    state: 'active' | 'stopped',
  ): Promise<ConsentingChat | undefined> {
    const [[chat]] = await manager.query<[ConsentingChat[], number]>(
      `UPDATE chats SET state = $3, state_reason = NULL, state_changed_at = now()
        WHERE bot_no = $1 AND telegram_chat_id = $2 AND state <> $3
        RETURNING id, no::text AS "chatNo", tenant_id AS "tenantId", bot_id AS "botId", contact_id AS "contactId"`,
      [botNo, telegramChatId, state],
    );
    return chat;
  }

  /**
   * A group became a supergroup: one chat from now on. Where both ids are known, the group's stays (what is on its way to
   * it names it), gets the other's tags and what waits for it, and the other is gone. Safe to repeat.
   */
  async migrate(
    manager: EntityManager,
    botNo: BotNumber,
    fromTelegramChatId: number,
    toTelegramChatId: number,
  ): Promise<void> {
    const found = await manager.query<{ id: string; no: string; telegram_chat_id: string }[]>(
      `SELECT id, no::text, telegram_chat_id::text FROM chats WHERE bot_no = $1 AND telegram_chat_id = ANY ($2::bigint[])
        ORDER BY no FOR UPDATE`,
      [botNo, [fromTelegramChatId, toTelegramChatId]],
    );
    const kept = found.find((chat) => chat.telegram_chat_id === String(fromTelegramChatId)) ?? found[0];
    if (!kept) return;
    const other = found.find((chat) => chat !== kept);
    if (other) {
      await this.merges.follow(manager, { botNo, goneNo: other.no, keptNo: kept.no });
      await manager.query(
        `INSERT INTO chat_tags (tenant_id, tag_id, chat_id)
         SELECT tenant_id, tag_id, $2 FROM chat_tags WHERE chat_id = $1 ON CONFLICT DO NOTHING`,
        [other.id, kept.id],
      );
      await manager.query(
        `UPDATE chats kept SET time_zone = other.time_zone, time_zone_source = other.time_zone_source
           FROM chats other WHERE kept.id = $2 AND other.id = $1 AND kept.time_zone IS NULL`,
        [other.id, kept.id],
      );
      await manager.query('DELETE FROM chats WHERE id = $1', [other.id]);
    }
    await manager.query(
      `UPDATE chats SET telegram_chat_id = $2, type = 'supergroup', state_changed_at = now(), migrated_at = clock_timestamp(),
         state = CASE state WHEN 'stopped' THEN 'stopped' ELSE 'active' END, state_reason = NULL
        WHERE id = $1 AND (telegram_chat_id <> $2 OR type <> 'supergroup')`,
      [kept.id, toTelegramChatId],
    );
  }
}
