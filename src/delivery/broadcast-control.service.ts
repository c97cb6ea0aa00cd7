import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, type ProblemError } from '../platform/errors/index.js';
import { IdempotencyService, type IdempotentRequest } from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import { InjectWakeQueue, WakeQueue } from '../platform/queue/index.js';
import { AuditLog } from '../tenants/index.js';
import { type BroadcastReport, type Resend, type Resent } from './broadcast.dto.js';
import { BroadcastReports } from './broadcast-reports.service.js';
import { BroadcastRepository, type BroadcastRow } from './broadcast.repository.js';
import { isEnded } from './broadcast.rules.js';
import { ControlRepository } from './control.repository.js';
import { PLANS } from './delivery.queues.js';
import { FanOut } from './fan-out.service.js';
import { TotalsKeeper } from './totals-keeper.service.js';

/** Holds a broadcast, has it go on, ends it, and sends once more what did not arrive. */
@Injectable()
export class BroadcastControl {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly reports: BroadcastReports,
    private readonly broadcasts: BroadcastRepository,
    private readonly control: ControlRepository,
    private readonly totals: TotalsKeeper,
    private readonly audit: AuditLog,
    private readonly fanOut: FanOut,
    @InjectWakeQueue(PLANS) private readonly plans: WakeQueue,
  ) {}

  /** From the commit on no intent of it is written; what has left is settled. Planning waits too. */
  async pause(caller: Caller, id: string): Promise<BroadcastReport> {
    const { no } = await this.tenants.run(caller.tenantId, async (manager) => {
      const row = await this.reports.findOrThrow(manager, id);
      if (await this.control.pause(manager, row.no))
        await this.record(manager, caller, 'broadcast.paused', id);
      else if (isEnded(row.state)) throw endedAlready(row);
      return row;
    });
    await this.control.tellLanes(no);
    return this.reports.findById(caller, id);
  }

  /** Goes on where it stopped. */
  async resume(caller: Caller, id: string): Promise<BroadcastReport> {
    const { no } = await this.tenants.run(caller.tenantId, async (manager) => {
      const row = await this.reports.findOrThrow(manager, id);
      if (await this.control.resume(manager, row.no))
        await this.record(manager, caller, 'broadcast.resumed', id);
      else if (isEnded(row.state)) throw endedAlready(row);
      return row;
    });
    this.plans.wakeSoon([no]);
    await this.fanOut.wakeLanesOf(caller.tenantId);
    return this.reports.findById(caller, id);
  }

  /** Stops what has not left yet; what was sent stays sent, and the report says how many. */
  async cancel(caller: Caller, id: string): Promise<BroadcastReport> {
    const { no } = await this.tenants.run(caller.tenantId, async (manager) => {
      const row = await this.reports.findOrThrow(manager, id);
      if (await this.control.end(caller.tenantId, row.no, 'cancelled', 'by_member')) {
        await this.record(manager, caller, 'broadcast.cancelled', id);
      }
      return row;
    });
    await this.control.tellLanes(no);
    await this.control.cancelQueued(caller.tenantId, no);
    await this.totals.keep([no]);
    return this.reports.findById(caller, id);
  }

  /**
   * Tries deliveries once more, in the same broadcast, so that its report still tells of each person once. Who clicks
   * twice finds them queued already.
   */
  async resend(
    caller: Caller,
    request: IdempotentRequest,
    id: string,
    { states, reasons }: Resend,
  ): Promise<Resent> {
    return this.idempotency.run(caller, request, async (manager) => {
      const row = await this.reports.findOrThrow(manager, id);
      if (!(await this.control.lockFinished(manager, row.no))) throw notFinished(row);
      if (await this.broadcasts.isBeingChanged(manager, caller.tenantId, id))
        throw conflict('change_going_on', 'Its messages are being changed; wait for the end of that.');
      const resent = await this.control.countAgain(manager, row, states, reasons ?? null);
      // With nothing to send it would end once more, now; and without its rows its report would be gone.
      if (resent > 0) await this.control.planAgain(manager, row.no, states, reasons ?? null);
      await this.audit.record(manager, {
        actor: caller.actor,
        action: 'broadcast.resent',
        subject: { kind: 'broadcast', id },
        details: { states: states.join(), reasons: reasons?.join() ?? null, resent },
      });
      this.tenants.afterCommit(() => this.plans.wakeSoon([row.no]));
      return {
        resent,
        broadcast: await this.reports.report(manager, await this.reports.findOrThrow(manager, id)),
      };
    });
  }

  private record(manager: EntityManager, { actor }: Caller, action: string, id: string): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'broadcast', id } });
  }
}

function endedAlready({ state }: BroadcastRow): ProblemError {
  return conflict('broadcast_ended', `The broadcast is ${state}; nothing of it is left to send.`);
}

function notFinished({ state, state_reason: reason }: BroadcastRow): ProblemError {
  if (!isEnded(state))
    return conflict(
      'broadcast_going_on',
      'The broadcast still goes on; send again what failed when it has ended.',
    );
  return conflict(
    'broadcast_not_finished',
    state === 'stopped'
      ? `The broadcast was stopped (${reason}): the same content would be refused again. Start one with other content.`
      : 'The broadcast was cancelled; start a new one for the chats that you want to reach.',
  );
}
