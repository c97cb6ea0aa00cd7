import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { TenantDatabase } from '../platform/database/index.js';
import { invalidField } from '../platform/errors/index.js';
import { type BotNumber, type TenantId } from '../platform/identity/index.js';
import { Quotas, TimeZoneChanges } from '../tenants/index.js';
import { Outbox } from '../webhooks/index.js';
import { audienceCondition } from './audience-condition.rules.js';
import { type Audience } from './audience.dto.js';
import { ChatsRepository } from './chats.repository.js';
import { ConsentWithdrawals } from './consent-withdrawals.js';
import { PersonStarts } from './person-starts.js';
import { zonesOf } from './audience-zones.rules.js';
import { type LocalTimeOf, type TimeZoneSource } from './local-time.rules.js';
import { type StatementRunner } from './statement-runner.js';
import { type ChatZone, type TenantBotZones, TimeZonesRepository } from './time-zones.repository.js';

/** A chat that a delivery found out of reach; `reason` is Telegram's, such as `blocked`. */
export interface UnreachableChat {
  readonly chatNo: string;
  readonly reason: string;
}

/** What other rooms ask and tell the audience. */
@Injectable()
export class AudienceService implements OnModuleInit {
  constructor(
    private readonly database: TenantDatabase,
    private readonly chats: ChatsRepository,
    private readonly outbox: Outbox,
    private readonly quotas: Quotas,
    private readonly starts: PersonStarts,
    private readonly withdrawals: ConsentWithdrawals,
    private readonly timeZones: TimeZonesRepository,
    private readonly zoneChanges: TimeZoneChanges,
  ) {}

  onModuleInit(): void {
    this.quotas.register('chats', (manager, atMost) => this.chats.countUpTo(manager, atMost), {
      isLarge: true,
    });
  }

  /**
   * Everything that the audience names is the tenant's.
   * @param field where the audience stands in the input
   * @throws ProblemError 400 naming the first bot, tag or chat that isn't there
   */
  async assertExists(manager: EntityManager, audience: Audience, field = 'audience'): Promise<void> {
    if (audience.to === 'chats') {
      await this.assertChatsExist(manager, audience.chatIds, `${field}.chatIds`);
      return;
    }
    if (audience.to === 'tags') {
      const position = await findMissing(manager, 'tags WHERE name = wanted.value', audience.tags);
      refuseMissing(`${field}.tags`, position, 'unknown_tag', 'There is no such tag; create it first.');
    }
    if (audience.botIds) await this.assertBotsExist(manager, audience.botIds, `${field}.botIds`);
  }

  /** @throws ProblemError 400 naming the first bot that isn't the tenant's, or is disconnected */
  async assertBotsExist(manager: EntityManager, botIds: readonly string[], field: string): Promise<void> {
    const known = `bots WHERE id = wanted.value::uuid AND state <> 'disconnected'`;
    refuseMissing(field, await findMissing(manager, known, botIds), 'unknown_bot', 'There is no such bot.');
  }

  /** @throws ProblemError 400 naming the first chat that isn't the tenant's */
  async assertChatsExist(manager: EntityManager, chatIds: readonly string[], field: string): Promise<void> {
    const position = await findMissing(manager, KNOWN_CHATS, chatIds);
    refuseMissing(field, position, 'unknown_chat', 'There is no such chat.');
  }

  /** Whether all of them are chats of the tenant. */
  async areChatsKnown(manager: EntityManager, chatIds: readonly string[]): Promise<boolean> {
    return (await findMissing(manager, KNOWN_CHATS, chatIds)) === -1;
  }

  /** Whether it is a chat of the tenant. */
  async isKnown(manager: EntityManager, chatId: string): Promise<boolean> {
    const rows = await manager.query<unknown[]>(`SELECT FROM chats WHERE id = $1`, [chatId]);
    return rows.length > 0;
  }

  /** Whether messages may go to a chat of the tenant. */
  async isActive(manager: EntityManager, chatId: string): Promise<boolean> {
    const rows = await manager.query<unknown[]>(`SELECT FROM chats WHERE id = $1 AND state = 'active'`, [
      chatId,
    ]);
    return rows.length > 0;
  }

  /** How many chats the audience reaches now, for each bot that reaches any. */
  async countByBot(manager: EntityManager, audience: Audience): Promise<number[]> {
    const condition = audienceCondition(audience, 1);
    const rows = await manager.query<{ count: string }[]>(
      `SELECT count(*) FROM chats c WHERE ${condition.sql} GROUP BY c.bot_id`,
      [...condition.parameters],
    );
    return rows.map((row) => Number(row.count));
  }

  /** How many chats the audience reaches now; counts no further than `atMost`. */
  async countUpTo(manager: EntityManager, audience: Audience, atMost: number): Promise<number> {
    const condition = audienceCondition(audience, 2);
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM (SELECT FROM chats c WHERE ${condition.sql} LIMIT $1) AS reached`,
      [atMost, ...condition.parameters],
    );
    return row?.count ?? 0;
  }

  /** The zones in which chats of the audience can live; none where no bot is connected. */
  async findZones(
    manager: EntityManager,
    tenantId: TenantId,
    audience: Audience,
    localTimeOf: LocalTimeOf,
  ): Promise<string[]> {
    return zonesOf(await this.timeZones.findOfBots(manager, [tenantId]), audience, localTimeOf);
  }

  /** The zones of the bots of many tenants; for a login that sees them. */
  findZonesOfBots(runner: StatementRunner, tenantIds: readonly TenantId[]): Promise<TenantBotZones[]> {
    return this.timeZones.findOfBots(runner, tenantIds);
  }

  /** Chats that are unknown are passed over. */
  async setTimeZones(
    manager: EntityManager,
    zones: readonly ChatZone[],
    source: TimeZoneSource,
  ): Promise<void> {
    if (await this.timeZones.setOfChats(manager, zones, source)) await this.zoneChanges.follow(manager);
  }

  /** A person said where they are. */
  async recordTimeZone(
    manager: EntityManager,
    botNo: BotNumber,
    telegramChatId: number,
    timeZone: string,
  ): Promise<void> {
    const chatId = await this.timeZones.findChatId(manager, botNo, telegramChatId);
    if (chatId !== undefined) await this.setTimeZones(manager, [{ chatId, timeZone }], 'chosen');
  }

  /** Whether a person wrote /stop and nothing else since. */
  async hasStopped(manager: EntityManager, botNo: BotNumber, telegramChatId: number): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      `SELECT FROM chats WHERE bot_no = $1 AND telegram_chat_id = $2 AND state = 'stopped'`,
      [botNo, telegramChatId],
    );
    return rows.length > 0;
  }

  /** A person pressed Start: messages may come. */
  async recordStart(manager: EntityManager, botNo: BotNumber, telegramChatId: number): Promise<void> {
    await this.chats.setConsent(manager, botNo, telegramChatId, 'active');
    await this.starts.follow(manager, { botNo, telegramChatId });
  }

  /** A person wrote /stop: no broadcast from now on. */
  async recordStop(manager: EntityManager, botNo: BotNumber, telegramChatId: number): Promise<void> {
    const chat = await this.chats.setConsent(manager, botNo, telegramChatId, 'stopped');
    if (!chat) return;
    const { id: chatId, chatNo, tenantId, botId, contactId } = chat;
    await this.withdrawals.follow(manager, chatNo);
    await this.outbox.announce(manager, tenantId, {
      event: 'chat.stopped',
      data: { chatId, botId, contactId, telegramChatId },
      ...(contactId !== null && { contactId }),
    });
  }

  /** Telegram said that these chats can't be reached. Chats are named by number, so any login may run it. */
  async recordUnreachable(
    runner: StatementRunner,
    botNo: BotNumber,
    chats: readonly UnreachableChat[],
  ): Promise<void> {
    if (chats.length === 0) return;
    await runner.query(
      `UPDATE chats SET state = 'unreachable', state_reason = failed.reason, state_changed_at = now()
         FROM unnest($2::bigint[], $3::text[]) AS failed (no, reason)
        WHERE chats.no = failed.no AND chats.bot_no = $1 AND chats.state = 'active'`,
      [botNo, chats.map((chat) => chat.chatNo), chats.map((chat) => chat.reason)],
    );
  }

  /** A message arrived in chats that were taken for unreachable. */
  async recordReachable(
    runner: StatementRunner,
    botNo: BotNumber,
    chatNos: readonly string[],
  ): Promise<void> {
    if (chatNos.length === 0) return;
    await runner.query(
      `UPDATE chats SET state = 'active', state_reason = NULL, state_changed_at = now()
        WHERE no = ANY ($2::bigint[]) AND bot_no = $1 AND state = 'unreachable'`,
      [botNo, [...chatNos]],
    );
  }

  /**
   * A group became a supergroup. Its chat keeps its number, tags and waiting deliveries and gets the new id; a chat
   * that already has that id is merged into it and is gone. Joins the tenant's transaction where there is one.
   */
  async recordMigration(
    tenantId: TenantId,
    botNo: BotNumber,
    fromTelegramChatId: number,
    toTelegramChatId: number,
  ): Promise<void> {
    await this.database.run(tenantId, (manager) =>
      this.chats.migrate(manager, botNo, fromTelegramChatId, toTelegramChatId),
    );
  }
}

const KNOWN_CHATS = 'chats WHERE id = wanted.value::uuid';

/**
 * Place of the first value for which there is no row; -1 where all have one. OFFSET keeps it a look-up for each value: the
 * planner would rather read all of a tenant's chats for one.
 */
async function findMissing(
  manager: EntityManager,
  known: string,
  wanted: readonly string[],
): Promise<number> {
  const rows = await manager.query<{ position: number }[]>(
    `SELECT position::int - 1 AS position FROM unnest($1::text[]) WITH ORDINALITY AS wanted (value, position)
      WHERE NOT EXISTS (SELECT FROM ${known} OFFSET 0) ORDER BY position LIMIT 1`,
    [wanted],
  );
  return rows[0]?.position ?? -1;
}

function refuseMissing(field: string, position: number, code: string, message: string): void {
  if (position >= 0) throw invalidField(`${field}.${position}`, code, message);
}
