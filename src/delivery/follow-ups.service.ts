import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type TenantId } from '../platform/identity/index.js';
import { BroadcastChanges } from './broadcast-changes.service.js';
import { type FollowUpView } from './broadcast.dto.js';
import { BroadcastRepository, type BroadcastRow } from './broadcast.repository.js';
import { RECALLABLE_HOURS } from './broadcast.rules.js';
import { adviseOn, type DropReason, dueAfter, lookAgainMs } from './follow-up.rules.js';
import { FollowUpsRepository, type WaitingFollowUp } from './follow-ups.repository.js';

/** What is done once a broadcast has sent: its messages are pinned or deleted, or those of the one before it. */
@Injectable()
export class FollowUps {
  constructor(
    private readonly followUps: FollowUpsRepository,
    private readonly broadcasts: BroadcastRepository,
    private readonly changes: BroadcastChanges,
  ) {}

  /** Of several broadcasts of the tenant, those of each in one list. */
  async findByBroadcasts(
    manager: EntityManager,
    broadcastIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly FollowUpView[]>> {
    const found = new Map<string, FollowUpView[]>();
    if (broadcastIds.length === 0) return found;
    for (const row of await this.followUps.findByBroadcasts(manager, broadcastIds)) {
      const view = {
        kind: row.kind,
        state: row.state,
        reason: row.reason,
        broadcastId: row.change_id,
        advice: adviseOn(row.kind, row.reason, row.reasons),
      };
      const views = found.get(row.broadcast_id);
      if (views) views.push(view);
      else found.set(row.broadcast_id, [view]);
    }
    return found;
  }

  /**
   * Starts what is due, drops what has become pointless, and puts off the rest; as part of the surrounding unit of work,
   * so that nothing is started twice.
   */
  async carryOut(manager: EntityManager, tenantId: TenantId, id: string): Promise<void> {
    const followUp = await this.followUps.lockWaiting(manager, id);
    if (!followUp) return;
    const followed = await this.broadcasts.findById(manager, followUp.broadcast_id);
    if (!followed) throw new Error(`Follow-up ${id} follows no broadcast.`);
    const dueAt = dueAfter(toFollowed(followed), followUp.after_seconds);
    if (dueAt === null) return this.lookAgain(manager, followUp);
    if (dueAt > followUp.now) return this.followUps.putOff(manager, id, dueAt);
    const target = await this.chooseTarget(manager, followUp, followed);
    if (typeof target === 'string') return this.followUps.drop(manager, id, target);
    const isReady = dueAfter(toFollowed(target), 0) !== null;
    if (!isReady || (await this.broadcasts.isBeingChanged(manager, tenantId, target.id)))
      return this.lookAgain(manager, followUp);
    const change = await this.changes.startInTransaction(manager, tenantId, {
      actor: followed.schedule_id
        ? { kind: 'schedule', scheduleId: followed.schedule_id }
        : { kind: 'system' },
      kind: followUp.kind === 'pin' ? 'pin' : 'recall',
      target,
      messageId: target.message_id,
      pinNotifies: followUp.pin_notifies,
    });
    await this.followUps.markStarted(manager, id, change.id);
  }

  /** The broadcast whose messages are concerned, locked; else why there is nothing to do. */
  private async chooseTarget(
    manager: EntityManager,
    { kind }: WaitingFollowUp,
    followed: BroadcastRow,
  ): Promise<BroadcastRow | DropReason> {
    // Where nothing came after it, what was before stays.
    if (!(await this.broadcasts.hasSent(manager, followed, null))) return 'nothing_sent';
    const target =
      kind === 'delete_previous' ? await this.broadcasts.findPrevious(manager, followed.id) : followed;
    if (!target) return 'no_previous';
    const locked = await this.broadcasts.lockById(manager, target.id);
    if (!locked) return 'no_previous';
    if (kind === 'pin') return locked;
    if (await this.broadcasts.isRecalled(manager, locked.id)) return 'already_deleted';
    return (await this.broadcasts.hasSent(manager, locked, RECALLABLE_HOURS)) ? locked : 'too_old';
  }

  private lookAgain(manager: EntityManager, { id, now, created_at }: WaitingFollowUp): Promise<void> {
    return this.followUps.leaveAlone(manager, id, lookAgainMs(now.getTime() - created_at.getTime()));
  }
}

const toFollowed = ({ state, ended_at, totals }: BroadcastRow) => ({
  state,
  endedAt: ended_at,
  isCounted: totals !== null,
});
