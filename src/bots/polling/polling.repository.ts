import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { asBotNumber, type BotNumber } from '../../platform/identity/index.js';
import { type UpdatesMode } from '../registration/bot-state.rules.js';
import { type ReceivedUpdate } from '../inbox/update.rules.js';
import { registrationSql, type WebhookTerms } from '../webhook/webhook.rules.js';

/** A dead process's bots are taken over this late at most; the living one renews three times meanwhile. */
const LEASE = `interval '10 seconds'`;

/** A bot whose updates this process now takes care of. */
export interface ClaimedBot {
  readonly botNo: BotNumber;
  readonly nextOffset: number;
  readonly webhookPath: string;
  /** What Telegram was last told: a webhook's address and terms, '' for none, null for "tell it again". */
  readonly webhookUrl: string | null;
  /** Telegram's server has just answered for this token, so that it is loaded there. */
  readonly isLoaded: boolean;
}

/** Leases over bots' updates: one owner a bot, fenced by the owner's id and the database's clock. */
@Injectable()
export class PollingRepository {
  constructor(private readonly database: DispatcherDatabase) {}

  /**
   * Takes bots that nobody takes care of: every listening bot when polling, and with webhooks those whose webhook
   * isn't what it should be. A suspended tenant's updates stay with Telegram, which keeps them for a day.
   * @param terms undefined where bots are polled
   */
  async claim(owner: string, limit: number, terms: WebhookTerms | undefined): Promise<ClaimedBot[]> {
    const rows = await this.database.query<
      Omit<ClaimedBot, 'botNo' | 'nextOffset'> & { no: string; offset: string }
    >(
      `WITH free AS (
         SELECT p.bot_no FROM polling p JOIN bots b ON b.no = p.bot_no
           JOIN tenants t ON t.id = b.tenant_id AND t.state = 'active'
          WHERE (p.until < clock_timestamp() OR p.until > clock_timestamp() + ${LEASE}) AND b.state IN ('running', 'conflict')
            AND ($3::text IS NULL OR b.webhook_url IS DISTINCT FROM ${registrationSql('$3', '$4', 'b.webhook_path')})
          -- One that ends later than any lease can was noted before the clock was set back.
          ORDER BY p.bot_no LIMIT $2 FOR UPDATE OF p SKIP LOCKED)
       UPDATE polling p SET owner = $1, until = clock_timestamp() + ${LEASE}
         FROM free JOIN bots b ON b.no = free.bot_no WHERE p.bot_no = free.bot_no
       RETURNING p.bot_no AS no, p.next_offset AS "offset", b.webhook_path AS "webhookPath",
         b.webhook_url AS "webhookUrl", b.state_changed_at > now() - interval '10 minutes' AS "isLoaded"`,
      [owner, limit, terms?.publicUrl ?? null, terms?.fingerprint ?? null],
    );
    return rows.map(({ no, offset, ...rest }) => ({
      ...rest,
      botNo: asBotNumber(no),
      nextOffset: Number(offset),
    }));
  }

  /**
   * Keeps the leases of bots that still listen and weren't changed, and whose tenant is active.
   * @param bots.confirmed Telegram keeps nothing older than their offset: they can ask without one
   * @param bots.untold Telegram is being told that they are polled
   * @returns the bots that are still ours
   */
  async renew(
    owner: string,
    bots: Record<'held' | 'confirmed' | 'untold', readonly BotNumber[]>,
  ): Promise<Set<BotNumber>> {
    const rows = await this.database.query<{ bot_no: BotNumber }>(
      `UPDATE polling p SET until = clock_timestamp() + ${LEASE},
         next_offset = CASE WHEN p.bot_no = ANY ($3::bigint[]) THEN 0 ELSE p.next_offset END
         FROM bots b JOIN tenants t ON t.id = b.tenant_id AND t.state = 'active'
        WHERE b.no = p.bot_no AND p.bot_no = ANY ($2::bigint[]) AND p.owner = $1 AND p.until > clock_timestamp()
          AND b.state IN ('running', 'conflict') AND (b.webhook_url = '' OR b.no = ANY ($4::bigint[]))
       RETURNING p.bot_no`,
      [owner, bots.held, bots.confirmed, bots.untold],
    );
    return new Set(rows.map((row) => row.bot_no));
  }

  async release(owner: string, bots: readonly BotNumber[]): Promise<void> {
    await this.database.query(
      `UPDATE polling SET owner = NULL, until = '-infinity' WHERE owner = $1 AND bot_no = ANY ($2::bigint[])`,
      [owner, bots],
    );
  }

  /** What Telegram was told, unless it is to be told anew since. */
  async recordWebhook(
    owner: string,
    bot: ClaimedBot,
    mode: UpdatesMode,
    registration: string,
  ): Promise<void> {
    await this.database.query(
      `UPDATE bots b SET webhook_url = $4, updates_mode = $3 FROM polling p
        WHERE b.no = $2 AND p.bot_no = b.no AND p.owner = $1 AND b.webhook_url IS NOT DISTINCT FROM $5`,
      [owner, bot.botNo, mode, registration, bot.webhookUrl],
    );
  }

  /**
   * Stores a batch and moves the offset behind it, both or neither, and only for the owner: whoever lost the lease
   * stores nothing, and what he didn't store is never confirmed.
   * @returns whether the lease still held
   */
  async store(
    owner: string,
    botNo: BotNumber,
    nextOffset: number,
    updates: readonly ReceivedUpdate[],
  ): Promise<boolean> {
    const rows = await this.database.query<{ held: boolean }>(
      `WITH held AS (
         UPDATE polling SET next_offset = $3
          WHERE bot_no = $2 AND owner = $1 AND until > clock_timestamp() RETURNING bot_no, tenant_id),
       stored AS (
         INSERT INTO updates (bot_no, update_id, tenant_id, chat_key, payload)
         SELECT held.bot_no, incoming.update_id, held.tenant_id, incoming.chat_key, incoming.payload
           FROM held, unnest($4::bigint[], $5::bigint[], $6::jsonb[]) AS incoming (update_id, chat_key, payload)
         ON CONFLICT (bot_no, update_id) DO NOTHING)
       SELECT EXISTS (SELECT FROM held) AS held`,
      [
        owner,
        botNo,
        nextOffset,
        updates.map((update) => update.updateId),
        updates.map((update) => update.chatKey),
        updates.map((update) => update.json),
      ],
    );
    return rows[0]?.held ?? false;
  }
}
