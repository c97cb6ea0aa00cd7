import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type Audience, type LocalTimeOf } from '../audience/index.js';
import { type PinWay } from '../delivery/index.js';
import { LOOK_UP_BY_KEY } from '../platform/database/index.js';
import { DEFAULT_GRACE_SECONDS, type SkipReason } from './rules/missed-runs.rules.js';
import { announceDueSoon, ringForSchedules } from './schedule-bell.js';
import { type OccurrenceView, type OverlapPolicy } from './schedule.dto.js';

export interface OccurrenceRow {
  readonly id: string;
  readonly due_at: Date;
  /** '' for all chats. */
  readonly time_zone: string;
  readonly state: OccurrenceView['state'];
  readonly reason: string | null;
  readonly broadcast_id: string | null;
  readonly created_at: Date;
}

/** A waiting occurrence with all that its broadcast needs. */
export interface StartableOccurrence {
  readonly id: string;
  readonly due_at: Date;
  /** Where the chats live that it is for; '' for all chats. */
  readonly time_zone: string;
  readonly local_time_of: LocalTimeOf | null;
  readonly schedule_id: string;
  /** Null where it comes from a stack, of which `recycles` says what becomes of it then. */
  readonly message_id: string | null;
  readonly recycles: boolean | null;
  readonly pin: PinWay | null;
  readonly delete_previous: boolean | null;
  readonly delete_after_seconds: number | null;
  readonly queue_id: string | null;
  readonly audience: Audience;
  /** Null for the usual. */
  readonly overlap_policy: OverlapPolicy | null;
  /** Whether it has waited for its schedule's last broadcast longer than its grace. */
  readonly is_past_grace: boolean;
}

/** A schedule and a zone in which its last broadcast is not over; '' for all chats. */
export type RunningBroadcast = Pick<StartableOccurrence, 'schedule_id' | 'time_zone'>;

/** Due times of the tenant that the manager's transaction carries. */
@Injectable()
export class OccurrencesRepository {
  findPage(
    manager: EntityManager,
    scheduleId: string,
    before: string,
    limit: number,
  ): Promise<OccurrenceRow[]> {
    return manager.query<OccurrenceRow[]>(
      `SELECT id, due_at, time_zone, state, reason, broadcast_id, created_at FROM occurrences
        WHERE schedule_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
      [scheduleId, before, limit],
    );
  }

  /** Those of the list that wait and that no other process is starting. Each is looked up by its key. */
  lockWaiting(manager: EntityManager, ids: readonly string[]): Promise<StartableOccurrence[]> {
    return manager.query<StartableOccurrence[]>(
      `SELECT found.* FROM unnest($1::uuid[]) AS wanted (id), LATERAL (
         SELECT o.id, o.due_at, o.time_zone, o.schedule_id, s.message_id, s.audience, s.local_time_of, s.overlap_policy,
                s.recycles, s.pin, s.delete_previous, s.delete_after_seconds, s.queue_id,
                o.due_at + make_interval(secs => coalesce(s.grace_seconds, ${DEFAULT_GRACE_SECONDS})) < clock_timestamp()
                  AS is_past_grace
           FROM occurrences o JOIN schedules s ON s.id = o.schedule_id
          WHERE o.id = wanted.id AND o.state = 'waiting' FOR UPDATE OF o SKIP LOCKED) AS found
        ORDER BY due_at, id`,
      [ids],
    );
  }

  /**
   * Until the transaction ends no other process starts a broadcast of these schedules, nor takes a message of their
   * stacks. All at once and in one order, so that nobody waits for each other.
   */
  async lockSchedules(manager: EntityManager, scheduleIds: readonly string[]): Promise<void> {
    await manager.query('SELECT FROM schedules WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE', [
      scheduleIds,
    ]);
  }

  /** Which of these schedules have a broadcast that is not over, and to the chats of which zone. */
  findRunning(manager: EntityManager, scheduleIds: readonly string[]): Promise<RunningBroadcast[]> {
    return manager.query<RunningBroadcast[]>(
      `SELECT DISTINCT schedule_id, time_zone FROM broadcasts
        WHERE schedule_id = ANY ($1::uuid[]) AND state IN ('planning', 'sending', 'paused')`,
      [scheduleIds],
    );
  }

  async holdForPrevious(manager: EntityManager, id: string, seconds: number): Promise<void> {
    await manager.query(
      `UPDATE occurrences SET reason = 'previous_running', retry_at = clock_timestamp() + make_interval(secs => $2)
        WHERE id = $1`,
      [id, seconds],
    );
  }

  /** Of each schedule one waits for the morning, the last: people don't want the whole night's at once. */
  async holdOverQuietHours(
    manager: EntityManager,
    { id, schedule_id, due_at, time_zone }: StartableOccurrence,
    until: Date,
    now: Date,
  ): Promise<void> {
    await manager.query(
      `UPDATE occurrences SET state = 'skipped', reason = 'overtaken'
        WHERE schedule_id = $1 AND state = 'waiting' AND reason = 'quiet_hours' AND due_at < $2 AND time_zone = $3`,
      [schedule_id, due_at, time_zone],
    );
    await manager.query(`UPDATE occurrences SET reason = 'quiet_hours', retry_at = $2 WHERE id = $1`, [
      id,
      until,
    ]);
    await announceDueSoon(manager, until, now);
  }

  /** After the quiet hours changed: the ticker decides anew. */
  async lookAgainAtQuiet(manager: EntityManager): Promise<void> {
    await manager.query(
      `UPDATE occurrences SET retry_at = clock_timestamp()
        WHERE id IN (SELECT id FROM occurrences WHERE state = 'waiting' AND reason = 'quiet_hours' ORDER BY id FOR UPDATE)`,
    );
    await ringForSchedules(manager);
  }

  async skip(manager: EntityManager, id: string, reason: SkipReason): Promise<void> {
    await manager.query(`UPDATE occurrences SET state = 'skipped', reason = $2 WHERE id = $1`, [id, reason]);
  }

  /** Those of a schedule that were held until later. */
  async skipHeld(manager: EntityManager, scheduleId: string): Promise<void> {
    await manager.query(
      `UPDATE occurrences SET state = 'skipped', reason = 'paused'
        WHERE schedule_id = $1 AND state = 'waiting' AND reason IS NOT NULL`,
      [scheduleId],
    );
  }

  /** All of a schedule that didn't start. */
  async skipWaiting(manager: EntityManager, scheduleId: string, reason: string): Promise<void> {
    await manager.query(
      `UPDATE occurrences SET state = 'skipped', reason = $2 WHERE schedule_id = $1 AND state = 'waiting'`,
      [scheduleId, reason],
    );
  }

  /** The last that its transaction looks up: from here on it goes along indexes alone. */
  async markStarted(
    manager: EntityManager,
    started: readonly { id: string; broadcastId: string }[],
  ): Promise<void> {
    // Without it the planner reads all of a day's occurrences for each few hundred, and 20,000 in a second take 9 s.
    await manager.query(LOOK_UP_BY_KEY);
    await manager.query(
      `UPDATE occurrences o SET state = 'started', broadcast_id = t.broadcast_id
         FROM unnest($1::uuid[], $2::uuid[]) AS t (id, broadcast_id) WHERE o.id = t.id`,
      [started.map(({ id }) => id), started.map(({ broadcastId }) => broadcastId)],
    );
  }
}
