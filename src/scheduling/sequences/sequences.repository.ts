import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { notFound } from '../../platform/errors/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { type Step, type StepDelay } from './sequence.rules.js';

export interface SequenceRow {
  readonly id: string;
  readonly no: string;
  readonly name: string;
  readonly bot_ids: string[];
  readonly again: boolean;
  readonly grace_seconds: number;
  readonly state: 'active' | 'paused';
  readonly created_at: Date;
  readonly updated_at: Date;
}
export type SequenceChoice = Pick<SequenceRow, 'name' | 'bot_ids' | 'again' | 'grace_seconds'>;

export interface StepRow extends Step {
  readonly sequence_id: string;
  readonly message_id: string;
  readonly sent: number;
  readonly missed: number;
  readonly skipped: number;
}

/** What people decide about a step. */
export interface StepChoice extends StepDelay {
  /** Of one that is there; undefined for a new one. */
  readonly id: string | undefined;
  readonly position: number;
  readonly messageId: string;
}

export interface StepRunRow {
  readonly id: string;
  readonly step_id: string | null;
  readonly due_at: Date;
  readonly chats: number;
  readonly state: 'started' | 'skipped';
  readonly reason: string | null;
  readonly broadcast_id: string | null;
  readonly created_at: Date;
}

const COLUMNS = 'id, no::text, name, bot_ids, again, grace_seconds, state, created_at, updated_at';

/** Sequences of the tenant that the manager's transaction carries, and their steps. */
@Injectable()
export class SequencesRepository {
  async insert(manager: EntityManager, tenantId: TenantId, choice: SequenceChoice): Promise<SequenceRow> {
    const [row] = await manager.query<SequenceRow[]>(
      `INSERT INTO sequences (tenant_id, name, bot_ids, again, grace_seconds) VALUES ($1, $2, $3, $4, $5)
       RETURNING ${COLUMNS}`,
      [tenantId, choice.name, choice.bot_ids, choice.again, choice.grace_seconds],
    );
    if (!row) throw new Error('INSERT returned no row.');
    return row;
  }

  async update(
    manager: EntityManager,
    id: string,
    change: Partial<SequenceChoice & Pick<SequenceRow, 'state'>>,
  ): Promise<SequenceRow> {
    const [[row]] = await manager.query<[SequenceRow[], number]>(
      `UPDATE sequences SET updated_at = now(), name = coalesce($2, name), bot_ids = coalesce($3::uuid[], bot_ids),
              again = coalesce($4, again), grace_seconds = coalesce($5, grace_seconds), state = coalesce($6, state)
        WHERE id = $1 RETURNING ${COLUMNS}`,
      [
        id,
        change.name ?? null,
        change.bot_ids ?? null,
        change.again ?? null,
        change.grace_seconds ?? null,
        change.state ?? null,
      ],
    );
    if (!row) throw notFound('sequence');
    return row;
  }

  /** The steps as they shall be; those that aren't named are gone. */
  async replaceSteps(
    manager: EntityManager,
    tenantId: TenantId,
    sequenceId: string,
    steps: readonly StepChoice[],
  ): Promise<void> {
    const kept = steps.filter(({ id }) => id !== undefined);
    await manager.query('DELETE FROM sequence_steps WHERE sequence_id = $1 AND id <> ALL ($2::uuid[])', [
      sequenceId,
      kept.map(({ id }) => id),
    ]);
    await manager.query(
      `UPDATE sequence_steps s SET after = given.after, unit = given.unit, at = given.at, message_id = given."messageId"
         FROM jsonb_to_recordset($2) AS given (id uuid, after int, unit text, at time, "messageId" uuid)
        WHERE s.id = given.id AND s.sequence_id = $1`,
      [sequenceId, JSON.stringify(kept)],
    );
    await manager.query(
      `INSERT INTO sequence_steps (tenant_id, sequence_id, position, after, unit, at, message_id)
       SELECT $1, $2, given.position, given.after, given.unit, given.at, given."messageId"
         FROM jsonb_to_recordset($3) AS given (position float8, after int, unit text, at time, "messageId" uuid)`,
      [tenantId, sequenceId, JSON.stringify(steps.filter(({ id }) => id === undefined))],
    );
  }

  /** The ticker times everybody again who is on the way. */
  async timeAgain(manager: EntityManager, id: string): Promise<void> {
    await manager.query('UPDATE sequences SET retime_after = 0 WHERE id = $1', [id]);
  }

  /** In the order of their positions, sequence by sequence. */
  findSteps(manager: EntityManager, sequenceIds: readonly string[]): Promise<StepRow[]> {
    return manager.query<StepRow[]>(
      `SELECT id, sequence_id, position, after, unit, at::text AS at, message_id, sent::int, missed::int, skipped::int
         FROM sequence_steps WHERE sequence_id = ANY ($1::uuid[]) ORDER BY sequence_id, position`,
      [sequenceIds],
    );
  }

  async findByIdOrThrow(manager: EntityManager, id: string): Promise<SequenceRow> {
    const [row] = await manager.query<SequenceRow[]>(`SELECT ${COLUMNS} FROM sequences WHERE id = $1`, [id]);
    if (!row) throw notFound('sequence');
    return row;
  }

  /** Nobody is enrolled or sent a step until the transaction ends. */
  async lockByIdOrThrow(manager: EntityManager, id: string): Promise<SequenceRow> {
    const [row] = await manager.query<SequenceRow[]>(
      `SELECT ${COLUMNS} FROM sequences WHERE id = $1 FOR UPDATE`,
      [id],
    );
    if (!row) throw notFound('sequence');
    return row;
  }

  findPage(manager: EntityManager, before: string, limit: number): Promise<SequenceRow[]> {
    return manager.query<SequenceRow[]>(
      `SELECT ${COLUMNS} FROM sequences WHERE tenant_id = current_tenant_id() AND id < $1 ORDER BY id DESC LIMIT $2`,
      [before, limit],
    );
  }

  /** Of two that make one at once, the later counts the other's. */
  async lockAndCount(manager: EntityManager): Promise<number> {
    await manager.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('sequences/' || current_tenant_id()::text, 0))`,
    );
    const [row] = await manager.query<{ count: number }[]>(
      'SELECT count(*)::int AS count FROM sequences WHERE tenant_id = current_tenant_id()',
    );
    return row?.count ?? 0;
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    const [, count] = await manager.query<[unknown, number]>('DELETE FROM sequences WHERE id = $1', [id]);
    if (count === 0) throw notFound('sequence');
  }

  /** Names of sequences that send this message. */
  async findNamesByMessage(manager: EntityManager, messageId: string): Promise<string[]> {
    const rows = await manager.query<{ name: string }[]>(
      `SELECT name FROM sequences WHERE id IN (SELECT sequence_id FROM sequence_steps WHERE message_id = $1)
        ORDER BY id LIMIT 3`,
      [messageId],
    );
    return rows.map((row) => row.name);
  }

  findRuns(manager: EntityManager, sequenceId: string, before: string, limit: number): Promise<StepRunRow[]> {
    return manager.query<StepRunRow[]>(
      `SELECT id, step_id, due_at, chats, state, reason, broadcast_id, created_at FROM step_runs
        WHERE sequence_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
      [sequenceId, before, limit],
    );
  }
}
