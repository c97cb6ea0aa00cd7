import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type StartedChat } from '../../audience/index.js';
import { ENROLLMENT_STATES, type EnrollmentState, type Standing, type StepDelay } from './sequence.rules.js';

const LEFT = ENROLLMENT_STATES.indexOf('left');
const WAITING = ENROLLMENT_STATES.indexOf('waiting');

/** A sequence that begins for somebody who pressed Start. */
export interface BeginningRow extends StepDelay {
  readonly sequence_no: string;
  readonly chat_no: string;
  readonly again: boolean;
  /** In which the person lives. */
  readonly time_zone: string;
  /** By the database's clock. */
  readonly now: Date;
}

export interface EnrollmentRow {
  /** The chat's. */
  readonly id: string;
  readonly passed: number;
  readonly state: number;
  readonly enrolled_at: Date;
  readonly due_at: Date | null;
}

/** How many stand at the same place. */
export interface StandingCount {
  readonly passed: number;
  readonly state: number;
  readonly count: number;
}

/** Where people stand in the sequences of the tenant that the manager's transaction carries. */
@Injectable()
export class EnrollmentsRepository {
  /** Holds the sequences as they are until the transaction ends. */
  findBeginning(manager: EntityManager, { botNo, telegramChatId }: StartedChat): Promise<BeginningRow[]> {
    return manager.query<BeginningRow[]>(
      `SELECT s.no::text AS sequence_no, c.no::text AS chat_no, s.again, first.after, first.unit, first.at::text AS at,
              coalesce(c.time_zone, b.time_zone, t.time_zone) AS time_zone, clock_timestamp() AS now
         FROM chats c JOIN bots b ON b.id = c.bot_id JOIN tenants t ON t.id = c.tenant_id
           JOIN sequences s ON s.tenant_id = c.tenant_id AND c.bot_id = ANY (s.bot_ids)
           CROSS JOIN LATERAL (SELECT after, unit, at FROM sequence_steps WHERE sequence_id = s.id
             ORDER BY position LIMIT 1) AS first
        WHERE c.bot_no = $1 AND c.telegram_chat_id = $2 ORDER BY s.no FOR KEY SHARE OF s`,
      [botNo, telegramChatId],
    );
  }

  /**
   * Somebody begins, unless they did before and the sequence is once a person.
   * @returns whether they begin now
   */
  async begin(manager: EntityManager, beginning: BeginningRow, dueAt: Date): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      `INSERT INTO enrollments (sequence_no, chat_no, tenant_id, enrolled_at, due_at)
       VALUES ($1, $2, current_tenant_id(), $3, $4)
       ON CONFLICT (sequence_no, chat_no) DO UPDATE SET passed = 0, enrolled_at = excluded.enrolled_at,
         due_at = excluded.due_at, state = ${WAITING} WHERE $5 RETURNING 1`,
      [beginning.sequence_no, beginning.chat_no, beginning.now, dueAt, beginning.again],
    );
    return rows.length > 0;
  }

  /** Somebody wants no more: nothing is to come in any sequence. */
  async leaveAll(manager: EntityManager, chatNo: string): Promise<void> {
    await manager.query(
      `UPDATE enrollments SET state = ${LEFT}, due_at = NULL
        WHERE chat_no = $1 AND state = ${WAITING}
          AND sequence_no IN (SELECT no FROM sequences WHERE tenant_id = current_tenant_id())`,
      [chatNo],
    );
  }

  async forget(manager: EntityManager, chatNos: readonly string[]): Promise<void> {
    await manager.query(
      `DELETE FROM enrollments WHERE chat_no = ANY ($1::bigint[])
          AND sequence_no IN (SELECT no FROM sequences WHERE tenant_id = current_tenant_id())`,
      [chatNos],
    );
  }

  /** @param standings where each stands from now on */
  async move(
    manager: EntityManager,
    sequenceNo: string,
    standings: readonly (Standing & { readonly chatNo: string })[],
  ): Promise<void> {
    await manager.query(
      `UPDATE enrollments e SET passed = given.passed, due_at = given.due_at, state = given.state
         FROM unnest($2::bigint[], $3::float8[], $4::timestamptz[], $5::smallint[])
              AS given (chat_no, passed, due_at, state)
        WHERE e.sequence_no = $1 AND e.chat_no = given.chat_no`,
      [
        sequenceNo,
        standings.map(({ chatNo }) => chatNo),
        standings.map(({ passed }) => passed),
        standings.map(({ dueAt }) => dueAt),
        standings.map(({ state }) => ENROLLMENT_STATES.indexOf(state)),
      ],
    );
  }

  count(manager: EntityManager, sequenceNo: string): Promise<StandingCount[]> {
    return manager.query<StandingCount[]>(
      `SELECT passed, state, count(*)::int AS count FROM enrollments WHERE sequence_no = $1 GROUP BY passed, state`,
      [sequenceNo],
    );
  }

  /** @param between positions of the last step that is behind them: from, and below */
  findPage(
    manager: EntityManager,
    sequenceNo: string,
    before: string,
    limit: number,
    {
      state,
      between,
    }: { state?: EnrollmentState | undefined; between?: readonly [number, number] | undefined },
  ): Promise<EnrollmentRow[]> {
    return manager.query<EnrollmentRow[]>(
      `SELECT c.id, e.passed, e.state, e.enrolled_at, e.due_at FROM enrollments e JOIN chats c ON c.no = e.chat_no
        WHERE e.sequence_no = $1 AND c.id < $2 AND ($4::smallint IS NULL OR e.state = $4)
          AND ($5::float8 IS NULL OR e.passed >= $5) AND ($6::float8 IS NULL OR e.passed < $6)
        ORDER BY c.id DESC LIMIT $3`,
      [
        sequenceNo,
        before,
        limit,
        state ? ENROLLMENT_STATES.indexOf(state) : null,
        between?.[0] ?? null,
        between?.[1] ?? null,
      ],
    );
  }
}
