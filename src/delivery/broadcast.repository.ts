import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { type Audience } from '../audience/index.js';
import { DispatcherDatabase, TenantDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { Outbox } from '../webhooks/index.js';
import { codeOfState, DELIVERY_CLASS, DELIVERY_STATES, type DeliveryState } from './delivery.rules.js';

export const BROADCAST_STATES = ['planning', 'sending', 'finished', 'cancelled', 'stopped'] as const;
export type BroadcastState = (typeof BROADCAST_STATES)[number];
export type AmbiguityPolicy = 'leave' | 'resend_once';

export interface BroadcastRow {
  id: string;
  no: string;
  message_id: string;
  audience: Audience;
  schedule_id: string | null;
  due_at: Date;
  planned_on: string;
  state: BroadcastState;
  state_reason: string | null;
  planned: string;
  ambiguity_policy: AmbiguityPolicy;
  created_at: Date;
  ended_at: Date | null;
}

export interface NewBroadcast {
  readonly messageId: string;
  readonly audience: Audience;
  readonly scheduleId: string | null;
  /** Null for "now", by the database's clock. */
  readonly dueAt: Date | null;
  readonly ambiguityPolicy: AmbiguityPolicy;
  /** Size of the audience where a quota asked for it, else 0. */
  readonly expected: number;
}

/** How a broadcast's deliveries stand, counted from the rows. */
export interface BroadcastCounts {
  readonly byState: Readonly<Record<DeliveryState, number>>;
  readonly reasons: readonly {
    readonly state: DeliveryState;
    readonly reason: string;
    readonly count: number;
  }[];
  readonly firstSendingAt: Date | null;
  readonly lastSettledAt: Date | null;
}

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

const COLUMNS = `id, no::text, message_id, audience, schedule_id, due_at, planned_on::text, state, state_reason,
  planned::text, ambiguity_policy, created_at, ended_at`;
/** Rows of one transaction when many are changed: short enough that nobody waits for it. */
const CHUNK = 10_000;

/** An open delivery of a broadcast, in the words of the index `deliveries_left`; any others would read the whole day. */
export const IS_LEFT = 'CASE WHEN is_open THEN class END = 1';

interface FinishedBroadcast {
  readonly tenantId: TenantId;
  readonly broadcastId: string;
  readonly no: string;
  readonly plannedOn: string;
  readonly endedAt: Date;
}

// Locked in the same order by everybody: two processes that note the same ones don't wait for each other in a circle.
const FINISH_DONE = `
WITH done AS (
  SELECT no FROM broadcasts b
  WHERE b.no = ANY($1::bigint[]) AND b.state = 'sending'
    AND NOT EXISTS (SELECT FROM deliveries d WHERE d.planned_on = b.planned_on
                    AND d.source_no = b.no AND ${IS_LEFT})
  ORDER BY no FOR UPDATE)
UPDATE broadcasts b SET state = 'finished', ended_at = clock_timestamp() FROM done WHERE b.no = done.no
RETURNING b.tenant_id AS "tenantId", b.id AS "broadcastId", b.no::text, b.planned_on::text AS "plannedOn",
  b.ended_at AS "endedAt"`;

@Injectable()
export class BroadcastRepository {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly crossing: DispatcherDatabase,
    private readonly outbox: Outbox,
  ) {}

  /** @returns undefined where this schedule already has its broadcast for this due instant */
  async insert(
    manager: EntityManager,
    tenantId: TenantId,
    broadcast: NewBroadcast,
  ): Promise<BroadcastRow | undefined> {
    const [row] = await manager.query<BroadcastRow[]>(
      `INSERT INTO broadcasts (tenant_id, message_id, audience, schedule_id, due_at, planned_on, ambiguity_policy,
         expected)
       VALUES ($1, $2, $3, $4, coalesce($5, clock_timestamp()), (clock_timestamp() AT TIME ZONE 'UTC')::date, $6, $7)
       ON CONFLICT (schedule_id, due_at) DO NOTHING RETURNING ${COLUMNS}`,
      [
        tenantId,
        broadcast.messageId,
        JSON.stringify(broadcast.audience),
        broadcast.scheduleId,
        broadcast.dueAt,
        broadcast.ambiguityPolicy,
        broadcast.expected,
      ],
    );
    return row;
  }

  async findByOccurrence(
    manager: EntityManager,
    scheduleId: string,
    dueAt: Date,
  ): Promise<BroadcastRow | undefined> {
    const [row] = await manager.query<BroadcastRow[]>(
      `SELECT ${COLUMNS} FROM broadcasts WHERE schedule_id = $1 AND due_at = $2`,
      [scheduleId, dueAt],
    );
    return row;
  }

  async findById(manager: EntityManager, id: string): Promise<BroadcastRow | undefined> {
    const [row] = await manager.query<BroadcastRow[]>(`SELECT ${COLUMNS} FROM broadcasts WHERE id = $1`, [
      id,
    ]);
    return row;
  }

  async isSending(manager: EntityManager, messageId: string): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM broadcasts WHERE message_id = $1 AND state IN ('planning', 'sending') LIMIT 1`,
      [messageId],
    );
    return rows.length > 0;
  }

  /** Deliveries of the broadcasts that were accepted today, by the day in UTC. */
  async countAcceptedToday(manager: EntityManager): Promise<number> {
    const [row] = await manager.query<{ count: string }[]>(
      `SELECT coalesce(sum(greatest(planned, expected)), 0) AS count FROM broadcasts
       WHERE tenant_id = current_tenant_id() AND planned_on = (clock_timestamp() AT TIME ZONE 'UTC')::date`,
    );
    return Number(row?.count ?? 0);
  }

  /** Newest first. */
  findPage(
    manager: EntityManager,
    before: string,
    limit: number,
    filter: { state?: string; scheduleId?: string },
  ) {
    return manager.query<BroadcastRow[]>(
      `SELECT ${COLUMNS} FROM broadcasts
       WHERE tenant_id = current_tenant_id() AND id < $1
         AND ($3::text IS NULL OR state = $3) AND ($4::uuid IS NULL OR schedule_id = $4)
       ORDER BY id DESC LIMIT $2`,
      [before, limit, filter.state ?? null, filter.scheduleId ?? null],
    );
  }

  async count(
    manager: EntityManager,
    broadcast: Pick<BroadcastRow, 'no' | 'planned_on'>,
  ): Promise<BroadcastCounts> {
    const rows = await manager.query<
      { state: number; reason: string | null; count: string; first: Date | null; last: Date | null }[]
    >(
      `SELECT state, reason, count(*) AS count, min(sending_at) AS first, max(settled_at) AS last
       FROM deliveries WHERE planned_on = $1 AND class = 1 AND source_no = $2 GROUP BY state, reason`,
      [broadcast.planned_on, broadcast.no],
    );
    const byState = Object.fromEntries(DELIVERY_STATES.map((state) => [state, 0])) as Record<
      DeliveryState,
      number
    >;
    const reasons = [];
    for (const row of rows) {
      const state = DELIVERY_STATES[row.state]!;
      byState[state] += Number(row.count);
      if (row.reason !== null) reasons.push({ state, reason: row.reason, count: Number(row.count) });
    }
    const instants = (column: 'first' | 'last') => rows.flatMap((row) => row[column]?.getTime() ?? []);
    return {
      byState,
      reasons: reasons.sort((one, other) => other.count - one.count),
      firstSendingAt: dateOf(Math.min(...instants('first'))),
      lastSettledAt: dateOf(Math.max(...instants('last'))),
    };
  }

  /** By chat number, so that a page stays where it is while the sending goes on. */
  findDeliveries(
    manager: EntityManager,
    broadcast: Pick<BroadcastRow, 'no' | 'planned_on'>,
    { state, botId, reason }: DeliveryFilter,
    page: { readonly afterChatNo: string; readonly limit: number },
  ): Promise<DeliveryRow[]> {
    return manager.query<DeliveryRow[]>(
      `SELECT d.chat_no::text, c.id AS chat_id, c.bot_id, c.telegram_chat_id::text, d.state, d.reason, d.attempt,
         d.message_id::text, d.sending_at, d.settled_at
       FROM deliveries d LEFT JOIN chats c ON c.no = d.chat_no
       WHERE d.planned_on = $1 AND d.class = 1 AND d.source_no = $2 AND d.chat_no > $3
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

  /** @returns its id where it was still going on */
  async end(
    tenantId: TenantId,
    no: string,
    state: 'cancelled' | 'stopped',
    reason: string | null,
  ): Promise<string | undefined> {
    return this.tenants.run(tenantId, async (manager) => {
      const [row] = await manager.query<{ id: string }[]>(
        `WITH ended AS (
           UPDATE broadcasts SET state = $2, state_reason = $3, ended_at = clock_timestamp()
           WHERE no = $1 AND state IN ('planning', 'sending') RETURNING id)
         SELECT id FROM ended`,
        [no, state, reason],
      );
      return row?.id;
    });
  }

  /** Cancels what still waits of an ended broadcast, chunk by chunk. */
  async cancelQueued(tenantId: TenantId, no: string): Promise<void> {
    for (;;) {
      const cancelled = await this.tenants.run(tenantId, async (manager) => {
        const rows = await manager.query<{ count: number }[]>(
          `WITH picked AS (
             SELECT planned_on, source_no, chat_no FROM deliveries
             WHERE source_no = $1 AND ${IS_LEFT} AND state = 0 LIMIT ${CHUNK} FOR UPDATE SKIP LOCKED
           ), cancelled AS (
             UPDATE deliveries d SET state = 5, is_open = false, settled_at = clock_timestamp() FROM picked p
             WHERE d.planned_on = p.planned_on AND d.class = 1 AND d.source_no = p.source_no AND d.chat_no = p.chat_no
               AND d.state = 0 RETURNING 1)
           SELECT count(*)::int AS count FROM cancelled`,
          [no],
        );
        return rows[0]?.count ?? 0;
      });
      if (cancelled < CHUNK) return;
    }
  }

  /**
   * Passes over everything that waits in a lane.
   * @returns the broadcasts concerned
   */
  async skipQueuedOf(botNo: string, reason: string): Promise<string[]> {
    const numbers = new Set<string>();
    for (;;) {
      const rows = await this.crossing.query<{ class: number; source_no: string }>(
        `WITH picked AS (
           SELECT planned_on, class, source_no, chat_no FROM deliveries
           WHERE bot_no = $1 AND is_open AND state = 0 LIMIT ${CHUNK} FOR UPDATE SKIP LOCKED)
         UPDATE deliveries d SET state = 6, is_open = false, reason = $2, settled_at = clock_timestamp() FROM picked p
         WHERE d.planned_on = p.planned_on AND d.class = p.class AND d.source_no = p.source_no AND d.chat_no = p.chat_no
           AND d.state = 0 RETURNING d.class, d.source_no`,
        [botNo, reason],
      );
      for (const row of rows) if (row.class === DELIVERY_CLASS.broadcast) numbers.add(row.source_no);
      if (rows.length < CHUNK) return [...numbers];
    }
  }

  /** Notes which of these broadcasts have nothing left to send. */
  async finishDone(numbers: readonly string[]): Promise<void> {
    await this.crossing.transaction(async (client) => {
      const { rows } = await client.query<FinishedBroadcast>(FINISH_DONE, [numbers]);
      for (const broadcast of rows) await this.announceFinished(client, broadcast);
    });
  }

  /** Counting a large broadcast takes a while, so it is done for those alone who want to know. */
  private async announceFinished(client: PoolClient, broadcast: FinishedBroadcast): Promise<void> {
    const { tenantId, broadcastId, no, plannedOn, endedAt } = broadcast;
    if (!(await this.outbox.isAwaited(client, tenantId, 'broadcast.finished'))) return;
    const { rows } = await client.query<{ state: number; count: number }>(
      `SELECT state, count(*)::int AS count FROM deliveries
       WHERE planned_on = $1 AND class = 1 AND source_no = $2 GROUP BY state`,
      [plannedOn, no],
    );
    const counted = new Map(rows.map(({ state, count }) => [DELIVERY_STATES[state], count]));
    const counts = Object.fromEntries(DELIVERY_STATES.map((state) => [state, counted.get(state) ?? 0]));
    await this.outbox.announce(client, tenantId, {
      event: 'broadcast.finished',
      data: { broadcastId, endedAt: endedAt.toISOString(), counts },
    });
  }

  /** Broadcasts that are not planned to their end, oldest first; a suspended tenant's wait for its return. */
  async findPlanning(): Promise<string[]> {
    const rows = await this.crossing.query<{ no: string }>(
      `SELECT b.no::text FROM broadcasts b JOIN tenants t ON t.id = b.tenant_id
       WHERE b.state = 'planning' AND t.state = 'active' ORDER BY b.no LIMIT ${CHUNK}`,
    );
    return rows.map(({ no }) => no);
  }

  /** Broadcasts of which nothing is left to send, though nobody noted it. */
  async findDoneUnnoted(): Promise<string[]> {
    const rows = await this.crossing.query<{ no: string }>(
      `SELECT b.no::text FROM broadcasts b
       WHERE b.state = 'sending' AND NOT EXISTS (SELECT FROM deliveries d WHERE d.planned_on = b.planned_on
         AND d.source_no = b.no AND ${IS_LEFT})
       ORDER BY b.no LIMIT ${CHUNK}`,
    );
    return rows.map(({ no }) => no);
  }

  /** Ended broadcasts of the last days of which something still waits. */
  async findHalfCancelled(): Promise<{ no: string; tenant_id: TenantId }[]> {
    return this.crossing.query(
      `SELECT b.no::text, b.tenant_id FROM broadcasts b
       WHERE b.state IN ('cancelled', 'stopped') AND b.ended_at > clock_timestamp() - interval '2 days'
         AND EXISTS (SELECT FROM deliveries d WHERE d.source_no = b.no AND ${IS_LEFT} AND d.state = 0)
       LIMIT 100`,
    );
  }
}

const dateOf = (epochMs: number): Date | null => (Number.isFinite(epochMs) ? new Date(epochMs) : null);
