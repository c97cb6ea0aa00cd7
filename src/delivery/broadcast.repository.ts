import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type Audience } from '../audience/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type BroadcastQuery } from './broadcast.dto.js';
import { type BroadcastKind, type BroadcastState, IS_LEFT, UNENDED } from './broadcast.rules.js';
import { type BroadcastTotals } from './report.rules.js';

export type AmbiguityPolicy = 'leave' | 'resend_once';

export interface BroadcastRow {
  id: string;
  no: string;
  kind: BroadcastKind;
  target_id: string | null;
  message_id: string;
  audience: Audience;
  schedule_id: string | null;
  sequence_id: string | null;
  due_at: Date;
  planned_on: string;
  state: BroadcastState;
  state_reason: string | null;
  planned: string;
  ambiguity_policy: AmbiguityPolicy;
  created_at: Date;
  ended_at: Date | null;
  max_stars: number | null;
  /** Null until they are counted, and where they are no longer true. */
  totals: BroadcastTotals | null;
}

export interface NewBroadcast {
  readonly messageId: string;
  readonly audience: Audience;
  readonly scheduleId: string | null;
  readonly sequenceId: string | null;
  /** Null for "now", by the database's clock. */
  readonly dueAt: Date | null;
  readonly ambiguityPolicy: AmbiguityPolicy;
  readonly kind: BroadcastKind;
  /** The broadcast whose messages it changes. */
  readonly targetId: string | null;
  /** Of a pin, whether it notifies. */
  readonly pinNotifies?: boolean;
  /** The queue whose post it sends. */
  readonly queueId?: string | undefined;
  /** Null where it is not paid for. */
  readonly maxStars: number | null;
  /** Size of the audience where a quota asked for it, else 0. */
  readonly expected: number;
}

const COLUMNS = `id, no::text, kind, target_id, message_id, audience, schedule_id, sequence_id, due_at, planned_on::text, state, state_reason,
  planned::text, ambiguity_policy, max_stars, created_at, ended_at, CASE WHEN are_totals_true THEN totals END AS totals`;
/** How many in a row may have sent nothing before the one before them is no longer looked for. */
const MOST_WITHOUT_MESSAGES = 50;
/** Broadcasts of one look of the sweep. */
const CHUNK = 10_000;

/**
 * Broadcast b, of one of the days that the last parameter has, has nothing left to send. Days that are named are all that
 * the statement is planned for.
 */
const isDone = (days: string) => `b.state = 'sending' AND b.planned_on = ANY(${days}::date[]) AND NOT EXISTS (
  SELECT FROM deliveries d WHERE d.planned_on = ANY(${days}::date[]) AND d.planned_on = b.planned_on
    AND d.source_no = b.no AND ${IS_LEFT})`;

@Injectable()
export class BroadcastRepository {
  constructor(private readonly crossing: DispatcherDatabase) {}

  /**
   * Those that are new, in any order: a schedule that already has its broadcast for a due instant and its chats' zone gets
   * no other.
   */
  insertMany(
    manager: EntityManager,
    tenantId: TenantId,
    broadcasts: readonly NewBroadcast[],
  ): Promise<BroadcastRow[]> {
    return manager.query<BroadcastRow[]>(
      `INSERT INTO broadcasts (tenant_id, message_id, audience, schedule_id, due_at, planned_on, ambiguity_policy,
         expected, kind, target_id, max_stars, sequence_id, pin_notifies, queue_id)
       SELECT $1, "messageId", audience, "scheduleId", coalesce("dueAt", clock_timestamp()),
         (clock_timestamp() AT TIME ZONE 'UTC')::date, "ambiguityPolicy", expected, kind, "targetId", "maxStars",
         "sequenceId", coalesce("pinNotifies", false), "queueId"
       FROM jsonb_to_recordset($2::jsonb) AS broadcast ("messageId" uuid, audience jsonb, "scheduleId" uuid,
         "dueAt" timestamptz, "ambiguityPolicy" text, expected bigint, kind text, "targetId" uuid, "maxStars" int,
         "sequenceId" uuid, "pinNotifies" boolean, "queueId" uuid)
       ON CONFLICT (schedule_id, due_at, time_zone) DO NOTHING RETURNING ${COLUMNS}`,
      [tenantId, JSON.stringify(broadcasts)],
    );
  }

  async findByOccurrence(
    manager: EntityManager,
    scheduleId: string,
    dueAt: Date,
    timeZone: string,
  ): Promise<BroadcastRow | undefined> {
    const [row] = await manager.query<BroadcastRow[]>(
      `SELECT ${COLUMNS} FROM broadcasts WHERE schedule_id = $1 AND due_at = $2 AND time_zone = $3`,
      [scheduleId, dueAt, timeZone],
    );
    return row;
  }

  async findById(manager: EntityManager, id: string): Promise<BroadcastRow | undefined> {
    const [row] = await manager.query<BroadcastRow[]>(`SELECT ${COLUMNS} FROM broadcasts WHERE id = $1`, [
      id,
    ]);
    return row;
  }

  /** Until the transaction's end nobody else changes it, nor begins to change its messages. */
  async lockById(manager: EntityManager, id: string): Promise<BroadcastRow | undefined> {
    const [row] = await manager.query<BroadcastRow[]>(
      `SELECT ${COLUMNS} FROM broadcasts WHERE id = $1 FOR UPDATE`,
      [id],
    );
    return row;
  }

  /**
   * The last broadcast before this one that sent anything: of the same queue, else of the same schedule to the chats of the
   * same zone.
   */
  async findPrevious(manager: EntityManager, id: string): Promise<BroadcastRow | undefined> {
    const [row] = await manager.query<BroadcastRow[]>(
      `SELECT ${COLUMNS} FROM (
         SELECT earlier.* FROM broadcasts earlier JOIN broadcasts b ON b.id = $1
         WHERE earlier.tenant_id = current_tenant_id() AND earlier.id < $1 AND earlier.kind = 'send'
           AND CASE WHEN b.queue_id IS NULL
             THEN earlier.schedule_id = b.schedule_id AND earlier.time_zone = b.time_zone
             ELSE earlier.queue_id = b.queue_id END
         ORDER BY earlier.id DESC LIMIT ${MOST_WITHOUT_MESSAGES}) e
       WHERE EXISTS (SELECT FROM deliveries d WHERE d.planned_on = e.planned_on AND d.class = 1 AND d.source_no = e.no
         AND d.state = 2 AND d.message_id IS NOT NULL)
       ORDER BY id DESC LIMIT 1`,
      [id],
    );
    return row;
  }

  /** Whether its messages were deleted, as far as they could be. */
  async isRecalled(manager: EntityManager, id: string): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM broadcasts WHERE tenant_id = current_tenant_id() AND target_id = $1 AND kind = 'recall'
         AND state = 'finished' LIMIT 1`,
      [id],
    );
    return rows.length > 0;
  }

  /** Whether a change of this broadcast's messages is under way. */
  async isBeingChanged(manager: EntityManager, tenantId: TenantId, id: string): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM broadcasts WHERE tenant_id = $1 AND target_id = $2 AND state IN ${UNENDED} LIMIT 1`,
      [tenantId, id],
    );
    return rows.length > 0;
  }

  /** Whether a message is known that was sent within so many hours; null for however long ago. */
  async hasSent(
    manager: EntityManager,
    { planned_on: plannedOn, no }: Pick<BroadcastRow, 'planned_on' | 'no'>,
    withinHours: number | null,
  ): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM deliveries WHERE planned_on = $1 AND class = 1 AND source_no = $2 AND state = 2
         AND message_id IS NOT NULL
         AND ($3::int IS NULL OR settled_at > clock_timestamp() - make_interval(hours => $3)) LIMIT 1`,
      [plannedOn, no, withinHours],
    );
    return rows.length > 0;
  }

  /** Whether something of it waits, or is under way. */
  async hasLeft(
    manager: EntityManager,
    { planned_on: plannedOn, no }: Pick<BroadcastRow, 'planned_on' | 'no'>,
  ): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM deliveries WHERE planned_on = $1 AND source_no = $2 AND ${IS_LEFT} LIMIT 1`,
      [plannedOn, no],
    );
    return rows.length > 0;
  }

  async isSending(manager: EntityManager, messageId: string): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM broadcasts WHERE message_id = $1 AND state IN ${UNENDED} LIMIT 1`,
      [messageId],
    );
    return rows.length > 0;
  }

  /** Deliveries of the broadcasts that were accepted today, by the day in UTC. */
  async countAcceptedToday(manager: EntityManager): Promise<number> {
    const [row] = await manager.query<{ count: string }[]>(
      `SELECT coalesce(sum(greatest(planned, expected)), 0) AS count FROM broadcasts
       WHERE tenant_id = current_tenant_id() AND planned_on = (clock_timestamp() AT TIME ZONE 'UTC')::date
         AND kind IN ('send', 'test')`,
    );
    return Number(row?.count ?? 0);
  }

  /** Newest first. */
  findPage(
    manager: EntityManager,
    before: string,
    limit: number,
    filter: Omit<BroadcastQuery, 'limit' | 'cursor'>,
  ) {
    return manager.query<BroadcastRow[]>(
      `SELECT ${COLUMNS} FROM broadcasts
       WHERE tenant_id = current_tenant_id() AND id < $1
         AND ($3::text IS NULL OR state = $3) AND ($4::uuid IS NULL OR schedule_id = $4)
         AND CASE WHEN $5::text IS NULL THEN kind <> 'test' ELSE kind = $5 END
         AND sequence_id IS NOT DISTINCT FROM $6::uuid
       ORDER BY id DESC LIMIT $2`,
      [
        before,
        limit,
        filter.state ?? null,
        filter.scheduleId ?? null,
        filter.kind ?? null,
        filter.sequenceId ?? null,
      ],
    );
  }

  /** Notes which of these broadcasts have nothing left to send. */
  async finishDone(numbers: readonly string[]): Promise<void> {
    const days = await this.findDays('no = ANY($1::bigint[])', [numbers]);
    const done = await this.crossing.queryByKey<{ no: string }>(
      `SELECT b.no::text FROM broadcasts b WHERE b.no = ANY($1::bigint[]) AND ${isDone('$2')}`,
      [numbers, days],
    );
    if (done.length === 0) return;
    const found = done.map(({ no }) => no);
    await this.crossing.transaction(async (client) => {
      // Locked in the same order by everybody: two processes that note the same ones don't wait for each other in a circle.
      await client.query('SELECT FROM broadcasts WHERE no = ANY($1::bigint[]) ORDER BY no FOR UPDATE', [
        found,
      ]);
      // A statement of its own: one that was sent again while it was waited for has something left.
      await client.query(
        `UPDATE broadcasts b SET state = 'finished', ended_at = clock_timestamp() WHERE b.no = ANY($1::bigint[]) AND ${isDone('$2')}`,
        [found, days],
      );
    });
  }

  /** Days of which broadcasts are, each as YYYY-MM-DD. @param condition which broadcasts */
  private async findDays(condition: string, parameters: readonly unknown[] = []): Promise<string[]> {
    const rows = await this.crossing.queryByKey<{ day: string }>(
      `SELECT DISTINCT planned_on::text AS day FROM broadcasts WHERE ${condition}`,
      parameters,
    );
    return rows.map(({ day }) => day);
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
    const days = await this.findDays(`state IN ${UNENDED}`);
    const rows = await this.crossing.queryByKey<{ no: string }>(
      `SELECT b.no::text FROM broadcasts b WHERE ${isDone('$1')} ORDER BY b.no LIMIT ${CHUNK}`,
      [days],
    );
    return rows.map(({ no }) => no);
  }

  /** Broadcasts that were cancelled or stopped, of which something still waits. */
  async findHalfCancelled(): Promise<{ no: string; tenant_id: TenantId }[]> {
    const untold = `state IN ('cancelled', 'stopped') AND ended_at IS NOT NULL AND NOT are_totals_true`;
    return this.crossing.queryByKey(
      `SELECT b.no::text, b.tenant_id FROM broadcasts b
       WHERE ${untold} AND EXISTS (SELECT FROM deliveries d
         WHERE d.planned_on = ANY($1::date[]) AND d.planned_on = b.planned_on AND d.source_no = b.no
           AND ${IS_LEFT} AND d.state = 0)
       LIMIT 100`,
      [await this.findDays(untold)],
    );
  }
}
