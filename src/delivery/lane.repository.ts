import { type DispatcherDatabase, GroupedQuery } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { GOING_ON } from './broadcast.rules.js';
import { walkOver } from './distinct-walk.js';
import { type DeliveryKey } from './journal.repository.js';
import { type DeliveryClass } from './delivery.rules.js';
import { type OpenDays } from './open-days.js';

/** A delivery that waits in a lane, with all that its sending needs to know of its chat. */
export interface QueuedDelivery extends DeliveryKey {
  readonly attempt: number;
  /** A try before this one may have arrived. */
  readonly mayHaveArrived: boolean;
  readonly telegramChatId: number;
  readonly chatType: 'private' | 'group' | 'supergroup' | 'channel';
  readonly chatState: 'active' | 'stopped' | 'unreachable' | 'gone';
  readonly chatTitle: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly username: string | null;
  /** Of an edit or a recall: the message that it changes. */
  readonly messageId: number | null;
  /** Only of class reply: what the handler said. */
  readonly reply: { readonly method: string; readonly parameters: Record<string, unknown> } | null;
}

export interface LaneRemainder {
  /** Milliseconds until the next delivery that waits for its time; undefined where none does. */
  readonly nextInMs: number | undefined;
  /** Something stands as `sending` of which nobody will hear any more. */
  readonly hasStrays: boolean;
}
const NOTHING_LEFT: LaneRemainder = { nextInMs: undefined, hasStrays: false };

interface Asked {
  readonly botNo: string;
  readonly most: number;
}

interface QueuedRow {
  bot_no: string;
  planned_on: string;
  class: DeliveryClass;
  source_no: string;
  chat_no: string;
  attempt: number;
  may_have_arrived: boolean;
  telegram_chat_id: string;
  type: QueuedDelivery['chatType'];
  state: QueuedDelivery['chatState'] | null;
  title: string | null;
  first_name: string | null;
  last_name: string | null;
  username: string | null;
  message_id: string | null;
  method: string | null;
  parameters: Record<string, unknown> | null;
}

const COLUMNS = `d.planned_on::text, d.class, d.source_no, d.chat_no, d.attempt, d.reason IS NOT NULL AS may_have_arrived,
  c.telegram_chat_id, c.type, c.state, c.title, p.first_name, p.last_name, coalesce(p.username, c.username) AS username, d.message_id`;
// A chat can be gone: erased, or merged into the supergroup that it became.
const RECIPIENT = 'LEFT JOIN chats c ON c.no = d.chat_no LEFT JOIN contacts p ON p.id = c.contact_id';

/** Read ahead: enough to go on for two seconds at Telegram's usual pace. */
export const PREFETCH = 64;
/** The same at the pace of a paid broadcast. */
export const PAID_PREFETCH = 2_000;
/** Broadcasts that one lane serves by turns; the others follow as these end. */
const BROADCASTS_BY_TURNS = 16;

/**
 * The broadcasts of which something is queued in a lane.
 * @param days the parameter that has the open days
 */
const sourcesOf = (lane: string, days: string): string =>
  walkOver(
    'sources',
    'source_no',
    `d.planned_on = ANY(${days}::date[]) AND d.bot_no = ${lane}.bot_no AND d.is_open AND d.state = 0 AND d.class = 1`,
  );

/**
 * What waits in a lane: the answers to people, then the broadcasts by turns, so that a small one doesn't wait for the
 * end of a large one. What somebody tries out is found apart: it is the newest, and other broadcasts may be many.
 */
const QUEUED = `
SELECT lane.bot_no::text, queued.*
FROM unnest($1::bigint[], $2::int[]) AS lane(bot_no, most) CROSS JOIN LATERAL (
WITH RECURSIVE ${sourcesOf('lane', '$3')}, broadcasting AS (
  (SELECT b.no, b.planned_on FROM lanes l
     JOIN broadcasts b ON b.tenant_id = l.tenant_id AND b.kind = 'test' AND b.state IN ${GOING_ON}
     CROSS JOIN LATERAL (SELECT FROM deliveries d
       WHERE d.planned_on = ANY($3::date[]) AND d.planned_on = b.planned_on AND d.bot_no = lane.bot_no AND d.is_open
         AND d.state = 0 AND d.class = 1 AND d.source_no = b.no LIMIT 1) AS queued
   WHERE l.bot_no = lane.bot_no LIMIT ${BROADCASTS_BY_TURNS})
  UNION ALL
  (SELECT b.no, b.planned_on FROM sources JOIN broadcasts b ON b.no = sources.source_no
   WHERE b.kind <> 'test' AND b.state IN ${GOING_ON} LIMIT ${BROADCASTS_BY_TURNS})
)
(SELECT ${COLUMNS}, r.method, r.parameters, 0::bigint AS turn
 FROM deliveries d ${RECIPIENT} JOIN replies r ON r.no = d.source_no
 WHERE d.planned_on = ANY($3::date[]) AND d.bot_no = lane.bot_no AND d.is_open AND d.state = 0 AND d.class = 2
   AND d.not_before <= clock_timestamp()
 ORDER BY d.source_no LIMIT lane.most)
UNION ALL
(SELECT ${COLUMNS}, NULL, NULL, d.turn
 FROM broadcasting CROSS JOIN LATERAL (
   SELECT *, row_number() OVER () AS turn FROM (
     SELECT * FROM deliveries w
     WHERE w.planned_on = ANY($3::date[]) AND w.planned_on = broadcasting.planned_on AND w.bot_no = lane.bot_no
       AND w.is_open AND w.state = 0 AND w.class = 1 AND w.source_no = broadcasting.no
       AND w.not_before <= clock_timestamp()
     ORDER BY w.chat_no LIMIT lane.most) AS first) AS d
 ${RECIPIENT}
 ORDER BY d.turn, d.source_no LIMIT lane.most)
) AS queued
ORDER BY lane.bot_no, queued.turn, queued.source_no, queued.chat_no`;

/**
 * Whether lane `l` has deliveries that could leave now. Those of a paused broadcast can't, or they would wake it for ever.
 * @param days the parameter that has the open days
 */
const hasDue = (days: string) => `(EXISTS (SELECT FROM deliveries d
    WHERE d.planned_on = ANY(${days}::date[]) AND d.bot_no = l.bot_no AND d.is_open AND d.state = 0 AND d.class = 2
      AND d.not_before <= clock_timestamp())
  OR EXISTS (WITH RECURSIVE ${sourcesOf('l', days)}
    SELECT FROM sources JOIN broadcasts b ON b.no = sources.source_no AND b.state IN ${GOING_ON}
    CROSS JOIN LATERAL (SELECT FROM deliveries d
      WHERE d.planned_on = ANY(${days}::date[]) AND d.planned_on = b.planned_on AND d.bot_no = l.bot_no AND d.is_open
        AND d.state = 0 AND d.class = 1 AND d.source_no = b.no AND d.not_before <= clock_timestamp() LIMIT 1) AS due))`;

/** Reads what waits in lanes. */
export class LaneRepository {
  private readonly queued = new GroupedQuery((asked: readonly Asked[]) => this.readQueued(asked));
  private readonly remainders = new GroupedQuery((botNumbers: readonly string[]) =>
    this.readRemainders(botNumbers),
  );

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly days: OpenDays,
  ) {}

  /**
   * The next deliveries of a bot, answers first.
   * @param most of each class
   */
  findQueued(botNo: string, most = PREFETCH): Promise<QueuedDelivery[]> {
    return this.queued.ask({ botNo, most });
  }

  /** What is left in a lane in which nothing could leave now and nothing is under way. */
  findRemainder(botNo: string): Promise<LaneRemainder> {
    return this.remainders.ask(botNo);
  }

  private async readQueued(asked: readonly Asked[]): Promise<QueuedDelivery[][]> {
    const lanes = new Map(asked.map(({ botNo, most }) => [botNo, most]));
    const rows = await this.database.queryByKey<QueuedRow>(QUEUED, [
      [...lanes.keys()],
      [...lanes.values()],
      await this.days.find(),
    ]);
    const byBot = new Map<string, QueuedDelivery[]>();
    for (const row of rows) {
      const deliveries = byBot.get(row.bot_no);
      if (deliveries) deliveries.push(toDelivery(row));
      else byBot.set(row.bot_no, [toDelivery(row)]);
    }
    return asked.map(({ botNo }) => byBot.get(botNo) ?? []);
  }

  private async readRemainders(botNumbers: readonly string[]): Promise<LaneRemainder[]> {
    const rows = await this.database.queryByKey<{
      bot_no: string;
      delay_ms: number | null;
      has_strays: boolean;
    }>(
      `SELECT lane.bot_no::text, rest.has_strays,
         CASE WHEN rest.next_at IS NOT NULL
           THEN greatest(0, extract(epoch FROM rest.next_at - clock_timestamp()) * 1000) END::float8 AS delay_ms
       FROM unnest($1::bigint[]) AS lane(bot_no) CROSS JOIN LATERAL (
         SELECT min(d.not_before) FILTER (WHERE d.state = 0 AND d.not_before > clock_timestamp()) AS next_at,
           coalesce(bool_or(d.state = 1), false) AS has_strays
         FROM deliveries d WHERE d.planned_on = ANY($2::date[]) AND d.bot_no = lane.bot_no AND d.is_open) AS rest`,
      [botNumbers, await this.days.find()],
    );
    const byBot = new Map(
      rows.map((row) => [row.bot_no, { nextInMs: row.delay_ms ?? undefined, hasStrays: row.has_strays }]),
    );
    return botNumbers.map((botNo) => byBot.get(botNo) ?? NOTHING_LEFT);
  }

  /** Of these bots, those with deliveries that could leave now and whom nobody drives. */
  async findLeftBehind(botNumbers: readonly string[]): Promise<string[]> {
    const rows = await this.database.queryByKey<{ bot_no: string }>(
      `SELECT l.bot_no::text FROM lanes l
       WHERE l.bot_no = ANY($1::bigint[]) AND l.owner IS NULL AND ${hasDue('$2')}`,
      [botNumbers, await this.days.find()],
    );
    return rows.map((row) => row.bot_no);
  }

  /** A tenant's lanes in which something waits that could leave now, whoever drives them. */
  async findDueOfTenant(tenantId: TenantId): Promise<string[]> {
    const rows = await this.database.query<{ bot_no: string }>(
      `SELECT l.bot_no::text FROM lanes l WHERE l.tenant_id = $1 AND ${hasDue('$2')}`,
      [tenantId, await this.days.find()],
    );
    return rows.map((row) => row.bot_no);
  }

  /** Lanes whose owner died, or stands still, for the sweep; a suspended tenant's wait for its return. */
  async findOrphaned(limit: number): Promise<string[]> {
    // As good as always no owner is overdue, and then no lane is looked at.
    const owners = await this.database.query<{ no: string }>(
      `SELECT no::text FROM lane_owners WHERE until < clock_timestamp()`,
    );
    if (owners.length === 0) return [];
    const rows = await this.database.query<{ bot_no: string }>(
      `SELECT l.bot_no::text FROM lanes l JOIN tenants t ON t.id = l.tenant_id AND t.state = 'active'
       WHERE l.owner = ANY($1::bigint[]) ORDER BY random() LIMIT $2`,
      [owners.map(({ no }) => no), limit],
    );
    return rows.map((row) => row.bot_no);
  }

  /**
   * Bots with deliveries that could leave now, where nobody drives: for the sweep. Steps over the index from bot to bot,
   * so that idle bots cost nothing. Tenants take turns, each with its bots in any order: none stands behind the limit for ever.
   */
  async findForsaken(limit: number): Promise<string[]> {
    const rows = await this.database.queryByKey<{ bot_no: string }>(
      `WITH RECURSIVE ${walkOver('waiting', 'bot_no', 'd.planned_on = ANY($2::date[]) AND d.is_open')}
       SELECT l.bot_no::text FROM (
         SELECT l.bot_no, row_number() OVER (PARTITION BY l.tenant_id ORDER BY random()) AS turn
         FROM waiting JOIN lanes l ON l.bot_no = waiting.bot_no JOIN bots b ON b.no = l.bot_no
           JOIN tenants t ON t.id = l.tenant_id AND t.state = 'active'
         WHERE l.owner IS NULL AND b.state IN ('running', 'conflict', 'disconnected')
           AND l.rest_until <= clock_timestamp()
         ORDER BY turn) AS l
       WHERE ${hasDue('$2')} LIMIT $1`,
      [limit, await this.days.find()],
    );
    return rows.map((row) => row.bot_no);
  }
}

const toDelivery = (row: QueuedRow): QueuedDelivery => ({
  plannedOn: row.planned_on,
  class: row.class,
  sourceNo: row.source_no,
  chatNo: row.chat_no,
  attempt: row.attempt,
  mayHaveArrived: row.may_have_arrived,
  telegramChatId: Number(row.telegram_chat_id),
  chatType: row.type,
  chatState: row.state ?? 'gone',
  chatTitle: row.title,
  firstName: row.first_name,
  lastName: row.last_name,
  username: row.username,
  messageId: row.message_id === null ? null : Number(row.message_id),
  reply: row.method === null ? null : { method: row.method, parameters: row.parameters ?? {} },
});
