import { Injectable } from '@nestjs/common';
import { type BroadcastRow } from './broadcast.repository.js';
import { codeOfState, DELIVERY_STATES, type DeliveryState } from './delivery.rules.js';
import {
  type BroadcastStatistics,
  type BroadcastTotals,
  bucketSecondsFor,
  type CountedDeliveries,
  noCounts,
  type Percentiles,
  type RestingBot,
  summarize,
} from './report.rules.js';

/** Runs a statement for whichever login: a tenant's EntityManager, or a client of the dispatcher. */
export type Read = <Row>(sql: string, parameters: unknown[]) => Promise<Row[]>;

type Told = Pick<BroadcastRow, 'no' | 'planned_on' | 'due_at'>;

export interface DeliveryRow {
  chat_no: string;
  chat_id: string | null;
  bot_id: string | null;
  telegram_chat_id: string | null;
  state: number;
  reason: string | null;
  attempt: number;
  message_id: string | null;
  sending_at: Date | null;
  settled_at: Date | null;
}

export interface DeliveryFilter {
  readonly state?: DeliveryState | undefined;
  readonly botId?: string | undefined;
  readonly reason?: string | undefined;
}

const OF_BROADCAST = 'd.planned_on = $1 AND d.class = 1 AND d.source_no = $2';
const SENT = codeOfState('sent');
/** Shown one by one; a tenant with more has them in the CSV. */
const MOST_BOTS = 1_000;

/** What the rows of a broadcast's deliveries tell. */
@Injectable()
export class ReportRepository {
  async count(read: Read, broadcast: Told): Promise<CountedDeliveries[]> {
    const rows = await read<
      Omit<CountedDeliveries, 'botNo' | 'state'> & { bot_no: string; state_code: number }
    >(
      `SELECT bot_no::text, state AS state_code, reason, count(*)::int AS count, min(sending_at) AS "firstSendingAt",
         max(settled_at) AS "lastSettledAt", count(*) FILTER (WHERE recent.is)::int AS recent,
         min(settled_at) FILTER (WHERE recent.is) AS "recentSince"
       FROM deliveries d CROSS JOIN LATERAL (
         SELECT sending_at IS NOT NULL AND settled_at > clock_timestamp() - interval '1 minute' AS is) AS recent
       WHERE ${OF_BROADCAST} GROUP BY bot_no, state, reason`,
      [broadcast.planned_on, broadcast.no],
    );
    return rows.map(({ bot_no: botNo, state_code: code, ...counted }) => ({
      ...counted,
      botNo,
      state: DELIVERY_STATES[code]!,
    }));
  }

  async total(read: Read, broadcast: Told): Promise<BroadcastTotals> {
    const counted = await this.count(read, broadcast);
    return { counts: summarize(counted), statistics: await this.findStatistics(read, broadcast, counted) };
  }

  async findStatistics(
    read: Read,
    broadcast: Told,
    counted: readonly CountedDeliveries[],
  ): Promise<BroadcastStatistics> {
    return {
      latenessMs: await this.findLateness(read, broadcast),
      rate: await this.findRate(read, broadcast),
      ...(await this.nameBots(read, counted)),
    };
  }

  /** Bots with something left that Telegram told to wait, those that wait longest first. */
  async findResting(read: Read, counted: readonly CountedDeliveries[]): Promise<RestingBot[]> {
    const waiting = counted.filter(({ state }) => state === 'queued').map(({ botNo }) => botNo);
    return read<RestingBot>(
      `SELECT b.no::text AS "botNo", b.id AS "botId", l.rest_until AS until
       FROM lanes l JOIN bots b ON b.no = l.bot_no
       WHERE l.bot_no = ANY($1::bigint[]) AND l.rest_until > clock_timestamp()
       ORDER BY l.rest_until DESC, b.no LIMIT ${MOST_BOTS}`,
      [[...new Set(waiting)]],
    );
  }

  /** By chat number, so that a page stays where it is while the sending goes on. */
  findDeliveries(
    read: Read,
    broadcast: Pick<BroadcastRow, 'no' | 'planned_on'>,
    { state, botId, reason }: DeliveryFilter,
    page: { readonly afterChatNo: string; readonly limit: number },
  ): Promise<DeliveryRow[]> {
    return read<DeliveryRow>(
      `SELECT d.chat_no::text, c.id AS chat_id, c.bot_id, c.telegram_chat_id::text, d.state, d.reason, d.attempt,
         d.message_id::text, d.sending_at, d.settled_at
       FROM deliveries d LEFT JOIN chats c ON c.no = d.chat_no
       WHERE ${OF_BROADCAST} AND d.chat_no > $3
         AND ($4::smallint IS NULL OR d.state = $4)
         AND ($6::uuid IS NULL OR c.bot_id = $6) AND ($7::text IS NULL OR d.reason = $7)
       ORDER BY d.chat_no LIMIT $5`,
      [
        broadcast.planned_on,
        broadcast.no,
        page.afterChatNo,
        state === undefined ? null : codeOfState(state),
        page.limit,
        botId ?? null,
        reason ?? null,
      ],
    );
  }

  private async findLateness(read: Read, broadcast: Told): Promise<Percentiles | null> {
    const [row] = await read<{ ms: [number, number, number] | null }>(
      `SELECT percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY
         greatest(0, round(extract(epoch FROM d.sending_at - $3::timestamptz) * 1000))::float8) AS ms
       FROM deliveries d WHERE ${OF_BROADCAST} AND d.sending_at IS NOT NULL`,
      [broadcast.planned_on, broadcast.no, broadcast.due_at],
    );
    if (!row?.ms) return null;
    const [p50, p90, p99] = row.ms;
    return { p50, p90, p99 };
  }

  private async findRate(read: Read, broadcast: Told): Promise<BroadcastStatistics['rate']> {
    const of = [broadcast.planned_on, broadcast.no];
    const [span] = await read<{ first: Date | null; last: Date | null }>(
      `SELECT min(settled_at) AS first, max(settled_at) AS last FROM deliveries d
       WHERE ${OF_BROADCAST} AND state = ${SENT}`,
      of,
    );
    if (!span?.first || !span.last) return { startsAt: null, bucketSeconds: 1, sent: [] };
    const startsAt = new Date(Math.floor(span.first.getTime() / 1_000) * 1_000);
    const bucketSeconds = bucketSecondsFor((span.last.getTime() - startsAt.getTime()) / 1_000);
    const rows = await read<{ n: number; count: number }>(
      `SELECT floor(extract(epoch FROM settled_at - $3::timestamptz) / $4::int)::int AS n, count(*)::int AS count
       FROM deliveries d WHERE ${OF_BROADCAST} AND state = ${SENT} GROUP BY 1`,
      [...of, startsAt, bucketSeconds],
    );
    const counts = new Map(rows.map(({ n, count }) => [n, count]));
    const length = rows.reduce((most, { n }) => Math.max(most, n + 1), 0);
    return {
      startsAt: startsAt.toISOString(),
      bucketSeconds,
      sent: Array.from({ length }, (_, n) => counts.get(n) ?? 0),
    };
  }

  private async nameBots(
    read: Read,
    counted: readonly CountedDeliveries[],
  ): Promise<Pick<BroadcastStatistics, 'bots' | 'botsLeftOut'>> {
    const bots = new Map<string, { all: number; counts: Record<DeliveryState, number> }>();
    for (const { botNo, state, count } of counted) {
      const bot = bots.get(botNo) ?? { all: 0, counts: noCounts() };
      bot.all += count;
      bot.counts[state] += count;
      bots.set(botNo, bot);
    }
    const largest = [...bots].sort(([, one], [, other]) => other.all - one.all).slice(0, MOST_BOTS);
    const names = await read<{ no: string; id: string }>(
      'SELECT no::text, id FROM bots WHERE no = ANY($1::bigint[])',
      [largest.map(([no]) => no)],
    );
    const ids = new Map(names.map(({ no, id }) => [no, id]));
    return {
      bots: largest.map(([no, { counts }]) => ({ botId: ids.get(no) ?? null, ...counts })),
      botsLeftOut: bots.size - largest.length,
    };
  }
}
