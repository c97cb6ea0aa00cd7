import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { notFound } from '../platform/errors/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type Language } from '../tenants/index.js';
import { type ScheduleChoice, slotTaken } from './rules/schedule-choice.rules.js';
import { type ScheduleState } from './schedule.dto.js';

export interface ScheduleRow extends ScheduleChoice {
  readonly id: string;
  readonly last_run_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** The tenant's clock and ways. */
export interface TenantClock {
  /** By the database's clock, which decides what is due. */
  readonly now: Date;
  readonly timeZone: string;
  readonly language: Language;
  /** Whether editors' schedules wait for an admin. */
  readonly areSchedulesApproved: boolean;
}

const CHOICES = [
  ...['name', 'message_id', 'audience', 'rule', 'time_zone', 'ends_at', 'except_dates', 'within', 'max_runs'],
  ...['runs', 'missed_policy', 'grace_seconds', 'overlap_policy', 'state', 'state_reason', 'paused_at'],
  ...['next_run_at', 'local_time_of', 'zone_runs', 'refusal', 'recycles', 'pin', 'delete_previous'],
  ...['delete_after_seconds', 'queue_id', 'post_at'],
] as const satisfies readonly (keyof ScheduleChoice)[];
/** node-postgres would make instants of days, in the process's own zone. */
const TIMING_COLUMNS = 'rule, time_zone, ends_at, except_dates::text[] AS except_dates, within';
const COLUMNS = `id, name, message_id, audience, ${TIMING_COLUMNS}, max_runs, runs, missed_policy, grace_seconds,
  overlap_policy, state, state_reason, paused_at, next_run_at, local_time_of, zone_runs, refusal, recycles, pin, delete_previous,
  delete_after_seconds, queue_id, post_at, last_run_at, created_at, updated_at`;
const UNIQUE_VIOLATION = '23505';

/** Schedules of the tenant that the manager's transaction carries. */
@Injectable()
export class SchedulesRepository {
  async insert(manager: EntityManager, tenantId: TenantId, choice: ScheduleChoice): Promise<ScheduleRow> {
    const [row] = await this.insertMany(manager, tenantId, [choice]);
    if (!row) throw new Error('INSERT returned no row.');
    return row;
  }

  /** In the order of the list. @throws ProblemError 409 for a post whose time another one has */
  async insertMany(
    manager: EntityManager,
    tenantId: TenantId,
    choices: readonly ScheduleChoice[],
  ): Promise<ScheduleRow[]> {
    const inserting = manager.query<ScheduleRow[]>(
      `INSERT INTO schedules (tenant_id, ${CHOICES.join(', ')})
       SELECT $1, ${CHOICES.map((column) => `c.${column}`).join(', ')}
         FROM jsonb_populate_recordset(NULL::schedules, $2) c RETURNING ${COLUMNS}`,
      [tenantId, JSON.stringify(choices)],
    );
    return inserting.catch(asSlotTaken);
  }

  /** @throws ProblemError 409 for a post whose new time another one has */
  async update(manager: EntityManager, id: string, choice: ScheduleChoice): Promise<ScheduleRow> {
    // TypeORM gives [rows, count] for an UPDATE.
    const updating = manager.query<[ScheduleRow[], number]>(
      `UPDATE schedules SET updated_at = now(), (${CHOICES.join(', ')}) =
              (SELECT ${CHOICES.join(', ')} FROM jsonb_populate_record(NULL::schedules, $2))
        WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, JSON.stringify(choice)],
    );
    const [[row]] = await updating.catch(asSlotTaken);
    if (!row) throw notFound('schedule');
    return row;
  }

  async findById(manager: EntityManager, id: string): Promise<ScheduleRow | undefined> {
    const [row] = await manager.query<ScheduleRow[]>(`SELECT ${COLUMNS} FROM schedules WHERE id = $1`, [id]);
    return row;
  }

  /** Waits for a ticker that has it in hand, and holds it until the transaction ends. */
  async lockByIdOrThrow(manager: EntityManager, id: string): Promise<ScheduleRow> {
    const [row] = await this.lockByIds(manager, [id]);
    if (!row) throw notFound('schedule');
    return row;
  }

  /** Those of the list that there are, in the order of their ids. */
  lockByIds(manager: EntityManager, ids: readonly string[]): Promise<ScheduleRow[]> {
    return manager.query<ScheduleRow[]>(
      `SELECT ${COLUMNS} FROM schedules WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`,
      [ids],
    );
  }

  findPage(
    manager: EntityManager,
    before: string,
    limit: number,
    state: ScheduleState | undefined,
  ): Promise<ScheduleRow[]> {
    return manager.query<ScheduleRow[]>(
      `SELECT ${COLUMNS} FROM schedules WHERE id < $1 AND ($3::text IS NULL OR state = $3)
        ORDER BY id DESC LIMIT $2`,
      [before, limit, state ?? null],
    );
  }

  /** Active ones that are due next, the soonest first. */
  findUpcoming(manager: EntityManager, until: Date, limit: number): Promise<ScheduleRow[]> {
    return manager.query<ScheduleRow[]>(
      `SELECT ${COLUMNS} FROM schedules WHERE state = 'active' AND next_run_at <= $1
        ORDER BY next_run_at, id LIMIT $2`,
      [until, limit],
    );
  }

  /** Posts of a queue that are still to come, or paused, the soonest first. */
  findWaitingPosts(manager: EntityManager, queueId: string): Promise<ScheduleRow[]> {
    return manager.query<ScheduleRow[]>(
      `SELECT ${COLUMNS} FROM schedules
        WHERE tenant_id = current_tenant_id() AND queue_id = $1 AND state <> 'ended' ORDER BY post_at`,
      [queueId],
    );
  }

  /**
   * Until the transaction ends, nobody begins to live in a new zone unnoticed: whoever makes a schedule of many zones and
   * whoever brings a new zone see each other.
   */
  async lockZones(manager: EntityManager): Promise<void> {
    await manager.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('schedule zones/' || current_tenant_id()::text, 0))`,
    );
  }

  /**
   * Makes those that run in many zones due at once, so that the ticker finds new zones; what is not due in a zone yet
   * does not run by that. @returns whether there are any
   */
  async lookAgainAtZones(manager: EntityManager): Promise<boolean> {
    const [, count] = await manager.query<[unknown, number]>(
      `UPDATE schedules SET next_run_at = least(next_run_at, clock_timestamp())
        WHERE tenant_id = current_tenant_id() AND local_time_of IS NOT NULL AND state = 'active'`,
    );
    return count > 0;
  }

  async countUnended(manager: EntityManager, atMost: number): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM (SELECT FROM schedules WHERE state <> 'ended' LIMIT $1) AS unended`,
      [atMost === Infinity ? null : atMost],
    );
    return row?.count ?? 0;
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    const [, count] = await manager.query<[unknown, number]>('DELETE FROM schedules WHERE id = $1', [id]);
    if (count === 0) throw notFound('schedule');
  }

  /** Names of schedules that will still send this message. */
  async findNamesByMessage(manager: EntityManager, messageId: string): Promise<string[]> {
    const rows = await manager.query<{ name: string }[]>(
      `SELECT name FROM schedules
        WHERE (message_id = $1 AND state <> 'ended')
           OR id IN (SELECT schedule_id FROM stack_messages
                      WHERE tenant_id = current_tenant_id() AND message_id = $1) ORDER BY id LIMIT 3`,
      [messageId],
    );
    return rows.map((row) => row.name);
  }

  async readClock(manager: EntityManager, tenantId: TenantId): Promise<TenantClock> {
    const [row] = await manager.query<TenantClock[]>(
      `SELECT clock_timestamp() AS now, time_zone AS "timeZone", language, are_schedules_approved AS "areSchedulesApproved"
         FROM tenants WHERE id = $1`,
      [tenantId],
    );
    if (!row) throw notFound('tenant');
    return row;
  }
}

/** Nobody takes two posts of a queue to one time: the index `schedules_of_slot` is the judge. */
function asSlotTaken(error: unknown): never {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  throw code === UNIQUE_VIOLATION && constraint === 'schedules_of_slot' ? slotTaken() : error;
}
