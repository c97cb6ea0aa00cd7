import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type OldRows } from '../../platform/cleaning/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type BotNumber, type TenantId } from '../../platform/identity/index.js';
import { MOST_ATTEMPTS, type ReceivedUpdate, retryAfterSeconds } from './update.rules.js';

/** An update on its way into the inbox. */
export interface IncomingUpdate extends ReceivedUpdate {
  readonly botNo: BotNumber;
  readonly tenantId: TenantId;
}

/** An update that can be worked on. */
export interface WaitingUpdate {
  readonly updateId: string;
  readonly chatKey: string;
}

/** Telegram brings nothing again that is older than a day. */
export const OLD_UPDATES: OldRows = {
  table: 'updates',
  where: `received_at < now() - interval '48 hours' AND settled_at IS NOT NULL`,
};

/** `updates u` has an earlier one of its chat that isn't settled. */
const HAS_EARLIER = `EXISTS (SELECT FROM updates e
  WHERE e.bot_no = u.bot_no AND e.chat_key = u.chat_key AND e.settled_at IS NULL AND e.update_id < u.update_id)`;

/** The inbox: stored, grouped over tenants, by the dispatcher; worked on inside the tenant's unit of work. */
@Injectable()
export class InboxRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** Once it resolves, the updates are safe; one that was stored before is left as it is. */
  async store(updates: readonly IncomingUpdate[]): Promise<void> {
    // The same order everywhere: two statements that bring the same updates don't wait for each other in a circle.
    const sorted = [...updates].sort((a, b) => Number(a.botNo) - Number(b.botNo) || a.updateId - b.updateId);
    await this.dispatcher.query(
      `INSERT INTO updates (bot_no, update_id, tenant_id, chat_key, payload)
       SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::bigint[], $5::jsonb[])
       ON CONFLICT (bot_no, update_id) DO NOTHING`,
      [
        sorted.map((update) => update.botNo),
        sorted.map((update) => update.updateId),
        sorted.map((update) => update.tenantId),
        sorted.map((update) => update.chatKey),
        sorted.map((update) => update.json),
      ],
    );
  }

  /**
   * The next updates of a bot, but none of a chat whose turn is held up by one that rests after a failure, and none
   * while its tenant is suspended.
   */
  findWaiting(botNo: BotNumber, limit: number): Promise<WaitingUpdate[]> {
    return this.dispatcher.query(
      `SELECT update_id AS "updateId", chat_key AS "chatKey" FROM updates u
        WHERE bot_no = $1 AND settled_at IS NULL
          AND EXISTS (SELECT FROM bots b JOIN tenants t ON t.id = b.tenant_id WHERE b.no = $1 AND t.state = 'active')
          AND NOT EXISTS (
          SELECT FROM updates e WHERE e.bot_no = u.bot_no AND e.chat_key = u.chat_key AND e.settled_at IS NULL
             AND e.update_id <= u.update_id AND e.retry_at > clock_timestamp())
        ORDER BY update_id LIMIT $2`,
      [botNo, limit],
    );
  }

  /** Bots with updates that nobody took within a second: their wake was lost, or a retry is due. */
  async findBotsToWake(): Promise<string[]> {
    const rows = await this.dispatcher.query<{ bot_no: string }>(
      `SELECT DISTINCT u.bot_no FROM updates u JOIN bots b ON b.no = u.bot_no
         JOIN tenants t ON t.id = b.tenant_id AND t.state = 'active'
        WHERE u.settled_at IS NULL AND u.retry_at <= clock_timestamp()
          AND u.received_at < clock_timestamp() - interval '1 second' AND b.state IN ('running', 'conflict')`,
    );
    return rows.map((row) => row.bot_no);
  }

  /**
   * Takes one update for this transaction; undefined where it is settled, in other hands, or not yet its turn. So the
   * order of a chat holds even where two workers drive the same bot.
   */
  async claim(manager: EntityManager, botNo: BotNumber, updateId: string): Promise<object | undefined> {
    const rows = await manager.query<{ payload: object }[]>(
      `SELECT payload FROM updates u WHERE bot_no = $1 AND update_id = $2 AND settled_at IS NULL
          AND retry_at <= clock_timestamp() AND NOT ${HAS_EARLIER}
        FOR UPDATE SKIP LOCKED`,
      [botNo, updateId],
    );
    return rows[0]?.payload;
  }

  async settle(manager: EntityManager, botNo: BotNumber, updateId: string): Promise<void> {
    await manager.query('UPDATE updates SET settled_at = now() WHERE bot_no = $1 AND update_id = $2', [
      botNo,
      updateId,
    ]);
  }

  /**
   * Of everything that a person had to do with, nothing stays but that it came: without its number, Telegram's next try
   * would bring it back.
   * @returns the updates' ids
   */
  async forget(manager: EntityManager, botNo: BotNumber, telegramUserId: string): Promise<string[]> {
    const [rows] = await manager.query<[{ update_id: string }[], number]>(
      `UPDATE updates SET payload = '{}', chat_key = 0, failure = NULL, settled_at = coalesce(settled_at, now())
        WHERE bot_no = $1 AND (chat_key = $2::bigint
          OR jsonb_path_exists(payload, '$.**.id ? (@ == $person)', jsonb_build_object('person', $2::bigint)))
        RETURNING update_id`,
      [botNo, telegramUserId],
    );
    return rows.map((row) => row.update_id);
  }

  /** The handler failed: the update rests, or, after the last attempt, is passed over with its failure kept. */
  async recordFailure(
    manager: EntityManager,
    botNo: BotNumber,
    updateId: string,
    failure: string,
  ): Promise<void> {
    const rows = await manager.query<{ attempts: number }[]>(
      `SELECT attempts FROM updates WHERE bot_no = $1 AND update_id = $2 AND settled_at IS NULL FOR UPDATE`,
      [botNo, updateId],
    );
    if (!rows[0]) return;
    const attempt = rows[0].attempts + 1;
    await manager.query(
      `UPDATE updates SET attempts = $3, failure = $4, retry_at = clock_timestamp() + $5 * interval '1 second',
         settled_at = CASE WHEN $6 THEN now() END WHERE bot_no = $1 AND update_id = $2`,
      [botNo, updateId, attempt, failure, retryAfterSeconds(attempt), attempt >= MOST_ATTEMPTS],
    );
  }
}
