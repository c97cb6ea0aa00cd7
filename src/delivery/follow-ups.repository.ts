import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import {
  type DropReason,
  type FollowUpKind,
  type FollowUpState,
  type NewFollowUp,
} from './follow-up.rules.js';
import { type BroadcastCounts } from './report.rules.js';

export interface WaitingFollowUp {
  readonly id: string;
  readonly broadcast_id: string;
  readonly kind: FollowUpKind;
  readonly after_seconds: number;
  readonly pin_notifies: boolean;
  readonly created_at: Date;
  /** By the database's clock. */
  readonly now: Date;
}

/** How a follow-up stands, with what is known of the broadcast that carries it out. */
export interface FollowUpRow {
  readonly broadcast_id: string;
  readonly kind: FollowUpKind;
  readonly state: FollowUpState;
  readonly reason: DropReason | null;
  readonly change_id: string | null;
  /** Null until they are counted. */
  readonly reasons: BroadcastCounts['reasons'] | null;
}

interface DueFollowUp {
  readonly id: string;
  readonly tenantId: TenantId;
}

@Injectable()
export class FollowUpsRepository {
  constructor(private readonly crossing: DispatcherDatabase) {}

  async insertAll(
    manager: EntityManager,
    tenantId: TenantId,
    broadcastId: string,
    followUps: readonly NewFollowUp[],
  ): Promise<void> {
    if (followUps.length === 0) return;
    await manager.query(
      `INSERT INTO follow_ups (tenant_id, broadcast_id, kind, after_seconds, pin_notifies)
       SELECT $1, $2, f.kind, f.after_seconds, f.pin_notifies
         FROM unnest($3::text[], $4::int[], $5::boolean[]) AS f (kind, after_seconds, pin_notifies)`,
      [
        tenantId,
        broadcastId,
        followUps.map(({ kind }) => kind),
        followUps.map(({ afterSeconds }) => afterSeconds),
        followUps.map(({ pinNotifies }) => pinNotifies),
      ],
    );
  }

  /** Of all tenants that are active, those that have waited longest first. */
  findDue(limit: number): Promise<DueFollowUp[]> {
    return this.crossing.query<DueFollowUp>(
      `SELECT f.id, f.tenant_id AS "tenantId" FROM follow_ups f JOIN tenants t ON t.id = f.tenant_id
        WHERE f.state = 'waiting' AND f.look_at <= (SELECT clock_timestamp()) AND t.state = 'active'
        ORDER BY f.look_at LIMIT $1`,
      [limit],
    );
  }

  /** Undefined where it waits no more, or another process has it in hand. */
  async lockWaiting(manager: EntityManager, id: string): Promise<WaitingFollowUp | undefined> {
    const [row] = await manager.query<WaitingFollowUp[]>(
      `SELECT id, broadcast_id, kind, after_seconds, pin_notifies, created_at, clock_timestamp() AS now FROM follow_ups
        WHERE id = $1 AND state = 'waiting' FOR UPDATE SKIP LOCKED`,
      [id],
    );
    return row;
  }

  async putOff(manager: EntityManager, id: string, until: Date): Promise<void> {
    await manager.query('UPDATE follow_ups SET look_at = $2 WHERE id = $1', [id, until]);
  }

  async leaveAlone(manager: EntityManager, id: string, forMs: number): Promise<void> {
    await manager.query(
      `UPDATE follow_ups SET look_at = clock_timestamp() + $2 * interval '1 ms' WHERE id = $1`,
      [id, forMs],
    );
  }

  async drop(manager: EntityManager, id: string, reason: DropReason): Promise<void> {
    await manager.query(`UPDATE follow_ups SET state = 'dropped', reason = $2 WHERE id = $1`, [id, reason]);
  }

  async markStarted(manager: EntityManager, id: string, changeId: string): Promise<void> {
    await manager.query(`UPDATE follow_ups SET state = 'started', change_id = $2 WHERE id = $1`, [
      id,
      changeId,
    ]);
  }

  findByBroadcasts(manager: EntityManager, broadcastIds: readonly string[]): Promise<FollowUpRow[]> {
    return manager.query<FollowUpRow[]>(
      `SELECT f.broadcast_id, f.kind, f.state, f.reason, f.change_id,
              CASE WHEN c.are_totals_true THEN c.totals #> '{counts,reasons}' END AS reasons
         FROM follow_ups f LEFT JOIN broadcasts c ON c.id = f.change_id
        WHERE f.tenant_id = current_tenant_id() AND f.broadcast_id = ANY ($1::uuid[]) ORDER BY f.kind DESC`,
      [broadcastIds],
    );
  }
}
