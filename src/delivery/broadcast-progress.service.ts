import { Injectable, Logger } from '@nestjs/common';
import { TenantDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { AuditLog } from '../tenants/index.js';
import { Outbox } from '../webhooks/index.js';
import { BroadcastRepository } from './broadcast.repository.js';
import { ControlRepository } from './control.repository.js';
import { DELIVERY_CLASS } from './delivery.rules.js';
import { type QueuedDelivery } from './lane.repository.js';
import { TotalsKeeper } from './totals-keeper.service.js';

/** Settled deliveries are gathered this long before their broadcasts are asked whether that was the last one. */
const GATHER_MS = 100;

/** Brings broadcasts to their end: finished when nothing is left to send, stopped when there is no use going on. */
@Injectable()
export class BroadcastProgress {
  private readonly logger = new Logger('BroadcastProgress');
  private readonly touched = new Set<string>();
  private readonly cancelling = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly broadcasts: BroadcastRepository,
    private readonly control: ControlRepository,
    private readonly totals: TotalsKeeper,
    private readonly tenants: TenantDatabase,
    private readonly outbox: Outbox,
    private readonly audit: AuditLog,
  ) {}

  noteSettled(delivery: QueuedDelivery): void {
    if (delivery.class !== DELIVERY_CLASS.broadcast) return;
    this.touched.add(delivery.sourceNo);
    this.timer ??= setTimeout(() => void this.finishTouched(), GATHER_MS);
  }

  /** Telegram refuses the content: one proof is enough, the others are not tried. */
  async stop(tenantId: TenantId, broadcastNo: string, reason: string): Promise<void> {
    const endedId = await this.tenants.run(tenantId, async (manager) => {
      const id = await this.control.end(tenantId, broadcastNo, 'stopped', reason);
      if (id === undefined) return undefined;
      const subject = { kind: 'broadcast', id };
      await this.audit.record(manager, { actor: { kind: 'system' }, action: 'broadcast.stopped', subject });
      return id;
    });
    if (endedId !== undefined) this.logger.warn(`broadcast ${broadcastNo} stopped: ${reason}`);
    await this.control.tellLanes(broadcastNo);
    // Not waited for: what proved it is settled now, and not once a million others are cancelled.
    const cancelling = this.control
      .cancelQueued(tenantId, broadcastNo)
      .then(() => this.totals.keep([broadcastNo]))
      .catch((error: unknown) => this.logger.error(error, 'what was stopped is cancelled by the sweep'))
      .finally(() => this.cancelling.delete(cancelling));
    this.cancelling.add(cancelling);
  }

  /** It can't go on for a reason that its tenant can mend; then it is resumed. */
  async pause(tenantId: TenantId, broadcastNo: string, reason: string): Promise<void> {
    const pausedId = await this.tenants.run(tenantId, async (manager) => {
      const id = await this.control.pause(manager, broadcastNo, reason);
      if (id === undefined) return undefined;
      const subject = { kind: 'broadcast', id };
      await this.audit.record(manager, { actor: { kind: 'system' }, action: 'broadcast.paused', subject });
      await this.outbox.announce(manager, tenantId, {
        event: 'broadcast.paused',
        data: { broadcastId: id, reason },
      });
      return id;
    });
    if (pausedId !== undefined) this.logger.warn(`broadcast ${broadcastNo} paused: ${reason}`);
    await this.control.tellLanes(broadcastNo);
  }

  /** The bot is gone: what waits for it will never be sent. */
  async dropLane(botNo: string): Promise<void> {
    await this.finish(await this.control.skipQueuedOf(botNo, 'bot_disconnected'));
  }

  /** For the end of the process. */
  async end(): Promise<void> {
    await Promise.all(this.cancelling);
    await this.finishTouched();
  }

  private async finishTouched(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const numbers = [...this.touched];
    this.touched.clear();
    if (numbers.length === 0) return;
    try {
      await this.finish(numbers);
    } catch (error) {
      this.logger.error(error, 'finished broadcasts could not be noted; the sweep will');
    }
  }

  /** Notes which of these broadcasts are over, and what became of them. */
  async finish(numbers: readonly string[]): Promise<void> {
    await this.broadcasts.finishDone(numbers);
    await this.totals.keep(numbers);
  }
}
