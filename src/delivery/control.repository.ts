import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { DispatcherDatabase, TenantDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type BroadcastRow } from './broadcast.repository.js';
import { closeQueued, GOING_ON, IS_LEFT, UNENDED } from './broadcast.rules.js';
import { BROADCASTS_CHANNEL } from './delivery.queues.js';
import { codeOfState, DELIVERY_CLASS, type DeliveryState } from './delivery.rules.js';

/** Rows of one transaction when many are changed: short enough that nobody waits for it. */
const CHUNK = 10_000;

/** What holds broadcasts, ends them, and has them go on. */
@Injectable()
export class ControlRepository {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly crossing: DispatcherDatabase,
  ) {}

  /** @returns its id where it was going on */
  async pause(manager: EntityManager, no: string, reason = 'by_member'): Promise<string | undefined> {
    const [row] = await manager.query<{ id: string }[]>(
      `WITH paused AS (
         UPDATE broadcasts SET state = 'paused', state_reason = $2 WHERE no = $1 AND state IN ${GOING_ON} RETURNING id)
       SELECT id FROM paused`,
      [no, reason],
    );
    return row?.id;
  }

  /** It goes on with its planning or its sending. @returns whether it was paused */
  resume(manager: EntityManager, no: string): Promise<boolean> {
    return this.change(
      manager,
      `state = CASE WHEN planned_at IS NULL THEN 'planning' ELSE 'sending' END, state_reason = NULL`,
      `state = 'paused'`,
      no,
    );
  }

  /** @returns whether it is finished, and ours until the transaction's end */
  async lockFinished(manager: EntityManager, no: string): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      `SELECT FROM broadcasts WHERE no = $1 AND state = 'finished' FOR NO KEY UPDATE`,
      [no],
    );
    return rows.length > 0;
  }

  /** How many deliveries of these states could be tried once more: their chats can be reached now. @param reasons null for all */
  async countAgain(
    manager: EntityManager,
    broadcast: Pick<BroadcastRow, 'no' | 'planned_on'>,
    states: readonly DeliveryState[],
    reasons: readonly string[] | null,
  ): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM deliveries d JOIN chats c ON c.no = d.chat_no
       WHERE d.planned_on = $1 AND d.class = 1 AND d.source_no = $2 AND d.state = ANY($3::smallint[])
         AND ($4::text[] IS NULL OR d.reason = ANY($4)) AND c.state = 'active'`,
      [broadcast.planned_on, broadcast.no, states.map(codeOfState), reasons],
    );
    return row?.count ?? 0;
  }

  /** It is planned once more: see FanOut. */
  async planAgain(
    manager: EntityManager,
    no: string,
    states: readonly DeliveryState[],
    reasons: readonly string[] | null,
  ): Promise<void> {
    await manager.query(
      `UPDATE broadcasts SET state = 'planning', planned_at = NULL, plan_cursor_chat_no = 0, resend_states = $2,
         resend_reasons = $3, ended_at = NULL, totals = NULL, are_totals_true = false WHERE no = $1`,
      [no, states.map(codeOfState), reasons],
    );
  }

  /** Passes over what waits for a chat in every broadcast. */
  async skipQueuedTo(manager: EntityManager, chatNo: string, reason: string): Promise<void> {
    await manager.query(
      `UPDATE deliveries d SET ${closeQueued('skipped', '$2')}
       FROM broadcasts b
       WHERE b.state IN ${UNENDED} AND b.kind = 'send' AND d.planned_on = b.planned_on AND d.class = 1 AND d.source_no = b.no
         AND d.chat_no = $1 AND d.state = 0`,
      [chatNo, reason],
    );
  }

  private async change(manager: EntityManager, set: string, condition: string, no: string): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      `WITH changed AS (UPDATE broadcasts SET ${set} WHERE no = $1 AND ${condition} RETURNING no)
       SELECT no FROM changed`,
      [no],
    );
    return rows.length > 0;
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
           WHERE no = $1 AND state IN ${UNENDED} RETURNING id)
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
             UPDATE deliveries d SET ${closeQueued('cancelled', 'NULL')} FROM picked p
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
         UPDATE deliveries d SET ${closeQueued('skipped', '$2')} FROM picked p
         WHERE d.planned_on = p.planned_on AND d.class = p.class AND d.source_no = p.source_no AND d.chat_no = p.chat_no
           AND d.state = 0 RETURNING d.class, d.source_no`,
        [botNo, reason],
      );
      for (const row of rows) if (row.class === DELIVERY_CLASS.broadcast) numbers.add(row.source_no);
      if (rows.length < CHUNK) return [...numbers];
    }
  }

  /** Lanes drop what they read ahead of it; the journal would refuse it, one by one. */
  async tellLanes(no: string): Promise<void> {
    await this.crossing.query('SELECT pg_notify($1, $2)', [BROADCASTS_CHANNEL, no]);
  }
}
