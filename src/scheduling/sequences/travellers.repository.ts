import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type SequenceRow } from './sequences.repository.js';
import { type StepSkipReason, type Traveller } from './sequence.rules.js';

/** A sequence whose steps go out, held as it is until the transaction ends. */
export type RunningSequence = Pick<SequenceRow, 'id' | 'no' | 'grace_seconds'> & {
  /** Where timing everybody again stands; null where nobody is to be. */
  readonly retime_after: string | null;
  /** By the database's clock. */
  readonly now: Date;
};

export interface TravellerRow extends Traveller {
  readonly chatNo: string;
  /** Null where the chat is gone, as is the next. */
  readonly chatId: string | null;
  readonly botId: string | null;
}

/** What became of a step for some of those for whom it was due. */
export interface StepRun {
  readonly stepId: string;
  readonly dueAt: Date;
  readonly chats: number;
  readonly skipReason: StepSkipReason | null;
  readonly broadcastId: string | null;
}

const TRAVELLER = `e.chat_no::text AS "chatNo", e.passed, e.enrolled_at AS "enrolledAt", e.due_at AS "dueAt",
  c.id AS "chatId", c.bot_id AS "botId", coalesce(c.time_zone, b.time_zone, t.time_zone) AS "timeZone",
  coalesce(c.state = 'active' AND b.state <> 'disconnected' AND b.id = ANY (s.bot_ids), false) AS "isReachable"`;
const OF_SEQUENCE = `FROM enrollments e JOIN sequences s ON s.no = e.sequence_no JOIN tenants t ON t.id = e.tenant_id
  LEFT JOIN chats c ON c.no = e.chat_no LEFT JOIN bots b ON b.id = c.bot_id WHERE e.sequence_no = $1`;

/** People on their way, as the ticker takes them in hand inside the tenant's transaction. */
@Injectable()
export class TravellersRepository {
  /** @returns undefined where it is paused or gone */
  async hold(manager: EntityManager, sequenceNo: string): Promise<RunningSequence | undefined> {
    const [row] = await manager.query<RunningSequence[]>(
      `SELECT id, no::text, grace_seconds, retime_after::text, clock_timestamp() AS now FROM sequences
        WHERE no = $1 AND state = 'active' FOR KEY SHARE`,
      [sequenceNo],
    );
    return row;
  }

  /** Takes those who waited longest and whom no other process has in hand. */
  claimDue(manager: EntityManager, sequenceNo: string, limit: number): Promise<TravellerRow[]> {
    return manager.query<TravellerRow[]>(
      `SELECT ${TRAVELLER} ${OF_SEQUENCE} AND e.due_at <= (SELECT clock_timestamp())
        ORDER BY e.due_at LIMIT $2 FOR UPDATE OF e SKIP LOCKED`,
      [sequenceNo, limit],
    );
  }

  /** The next of those who are on the way, by their chats' numbers; waits for who is in another's hand. */
  takeNext(
    manager: EntityManager,
    sequenceNo: string,
    afterNo: string,
    limit: number,
  ): Promise<TravellerRow[]> {
    return manager.query<TravellerRow[]>(
      `SELECT ${TRAVELLER} ${OF_SEQUENCE} AND e.chat_no > $2 AND e.due_at IS NOT NULL
        ORDER BY e.chat_no LIMIT $3 FOR UPDATE OF e`,
      [sequenceNo, afterNo, limit],
    );
  }

  /** One process at a time. @returns where it stands; undefined where there is nothing to do for this one */
  async holdRetiming(manager: EntityManager, sequenceNo: string): Promise<string | undefined> {
    const [row] = await manager.query<{ after: string }[]>(
      `SELECT retime_after::text AS after FROM sequences
        WHERE no = $1 AND state = 'active' AND retime_after IS NOT NULL FOR UPDATE SKIP LOCKED`,
      [sequenceNo],
    );
    return row?.after;
  }

  /** @param afterNo null where everybody is timed */
  async noteRetimed(manager: EntityManager, sequenceNo: string, afterNo: string | null): Promise<void> {
    await manager.query('UPDATE sequences SET retime_after = $2 WHERE no = $1', [sequenceNo, afterNo]);
  }

  async record(manager: EntityManager, sequenceId: string, runs: readonly StepRun[]): Promise<void> {
    const given = JSON.stringify(runs);
    await manager.query(
      `INSERT INTO step_runs (tenant_id, sequence_id, step_id, due_at, chats, state, reason, broadcast_id)
       SELECT current_tenant_id(), $1, run."stepId", run."dueAt", run.chats,
              CASE WHEN run."skipReason" IS NULL THEN 'started' ELSE 'skipped' END, run."skipReason", run."broadcastId"
         FROM jsonb_to_recordset($2) AS run
              ("stepId" uuid, "dueAt" timestamptz, chats int, "skipReason" text, "broadcastId" uuid)`,
      [sequenceId, given],
    );
    await manager.query(
      `UPDATE sequence_steps s SET sent = s.sent + run.sent, missed = s.missed + run.missed, skipped = s.skipped + run.skipped
         FROM (SELECT "stepId" AS id,
                 coalesce(sum(chats) FILTER (WHERE "skipReason" IS NULL), 0) AS sent,
                 coalesce(sum(chats) FILTER (WHERE "skipReason" = 'missed'), 0) AS missed,
                 coalesce(sum(chats) FILTER (WHERE "skipReason" <> 'missed'), 0) AS skipped
               FROM jsonb_to_recordset($1) AS r ("stepId" uuid, chats int, "skipReason" text) GROUP BY 1 ORDER BY 1) AS run
        WHERE s.id = run.id`,
      [given],
    );
  }
}
