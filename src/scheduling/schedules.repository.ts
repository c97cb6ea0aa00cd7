import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type Audience } from '../audience/index.js';
import { notFound } from '../platform/errors/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type ScheduleRule } from './schedule-rule.dto.js';
import { type ScheduleState } from './schedule.dto.js';

export interface ScheduleRow {
  readonly id: string;
  readonly name: string;
  readonly message_id: string;
  readonly audience: Audience;
  readonly rule: ScheduleRule;
  readonly time_zone: string;
  readonly state: ScheduleState;
  readonly state_reason: string | null;
  readonly next_run_at: Date | null;
  readonly last_run_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What people decide about a schedule, and when it is due by that. */
export type ScheduleChoice = Pick<
  ScheduleRow,
  'name' | 'message_id' | 'audience' | 'rule' | 'time_zone' | 'state' | 'state_reason' | 'next_run_at'
>;

const COLUMNS =
  'id, name, message_id, audience, rule, time_zone, state, state_reason, next_run_at, last_run_at, created_at, updated_at';

/** Schedules of the tenant that the manager's transaction carries. */
@Injectable()
export class SchedulesRepository {
  async insert(manager: EntityManager, tenantId: TenantId, choice: ScheduleChoice): Promise<ScheduleRow> {
    const [row] = await manager.query<ScheduleRow[]>(
      `INSERT INTO schedules (tenant_id, name, message_id, audience, rule, time_zone, state, state_reason, next_run_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${COLUMNS}`,
      [tenantId, ...valuesOf(choice)],
    );
    if (!row) throw new Error('INSERT returned no row.');
    return row;
  }

  async update(manager: EntityManager, id: string, choice: ScheduleChoice): Promise<ScheduleRow> {
    // TypeORM gives [rows, count] for an UPDATE.
    const [[row]] = await manager.query<[ScheduleRow[], number]>(
      `UPDATE schedules SET name = $2, message_id = $3, audience = $4, rule = $5, time_zone = $6, state = $7,
              state_reason = $8, next_run_at = $9, updated_at = now()
        WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, ...valuesOf(choice)],
    );
    if (!row) throw notFound('schedule');
    return row;
  }

  async findById(manager: EntityManager, id: string): Promise<ScheduleRow | undefined> {
    const [row] = await manager.query<ScheduleRow[]>(`SELECT ${COLUMNS} FROM schedules WHERE id = $1`, [id]);
    return row;
  }

  /** Waits for a ticker that has it in hand, and holds it until the transaction ends. */
  async lockByIdOrThrow(manager: EntityManager, id: string): Promise<ScheduleRow> {
    const [row] = await manager.query<ScheduleRow[]>(
      `SELECT ${COLUMNS} FROM schedules WHERE id = $1 FOR UPDATE`,
      [id],
    );
    if (!row) throw notFound('schedule');
    return row;
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
      `SELECT name FROM schedules WHERE message_id = $1 AND state <> 'ended' ORDER BY id LIMIT 3`,
      [messageId],
    );
    return rows.map((row) => row.name);
  }

  /** The database's clock, which decides what is due; and the tenant's own zone. */
  async readClock(manager: EntityManager, tenantId: TenantId): Promise<{ now: Date; timeZone: string }> {
    const [row] = await manager.query<{ now: Date; time_zone: string }[]>(
      'SELECT clock_timestamp() AS now, time_zone FROM tenants WHERE id = $1',
      [tenantId],
    );
    if (!row) throw notFound('tenant');
    return { now: row.now, timeZone: row.time_zone };
  }
}

function valuesOf(choice: ScheduleChoice): unknown[] {
  return [
    choice.name,
    choice.message_id,
    JSON.stringify(choice.audience),
    JSON.stringify(choice.rule),
    choice.time_zone,
    choice.state,
    choice.state_reason,
    choice.next_run_at,
  ];
}
