import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Repeater } from '../platform/clock/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { InjectWakeQueue, WakeQueue } from '../platform/queue/index.js';
import { BroadcastRepository } from './broadcast.repository.js';
import { ControlRepository } from './control.repository.js';
import { LANES, PLANS } from './delivery.queues.js';
import { LaneLeaseRepository } from './lane-lease.repository.js';
import { LaneRepository } from './lane.repository.js';
import { OpenDays } from './open-days.js';
import { TotalsKeeper } from './totals-keeper.service.js';

const SWEEP_EVERY_MS = 2_000;
/** A dead worker's lanes are noticed this soon after their leases ran out. */
const FIND_ORPHANED_EVERY_MS = 500;
const FORGET_OWNERS_EVERY_MS = 60_000;
/** Lanes woken by one sweep; the others by the next. */
const MOST_LANES = 2_000;

/**
 * Looks at every table with unfinished work and wakes who should do it. With it, the whole queue may be lost between
 * any two steps; without loss it finds nothing.
 */
@Injectable()
export class Sweep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Sweep');
  private readonly lanes: LaneRepository;
  private readonly leases: LaneLeaseRepository;
  /** One part that fails doesn't keep the others from their work. */
  private readonly parts: readonly Repeater[];

  constructor(
    database: DispatcherDatabase,
    days: OpenDays,
    private readonly broadcasts: BroadcastRepository,
    private readonly control: ControlRepository,
    private readonly totals: TotalsKeeper,
    @InjectWakeQueue(LANES) private readonly laneQueue: WakeQueue,
    @InjectWakeQueue(PLANS) private readonly planQueue: WakeQueue,
  ) {
    this.lanes = new LaneRepository(database, days);
    this.leases = new LaneLeaseRepository(database, days);
    this.parts = [
      new Repeater(FIND_ORPHANED_EVERY_MS, () => this.wakeOrphaned(), this.logger),
      new Repeater(SWEEP_EVERY_MS, () => this.wakeForsaken(), this.logger),
      new Repeater(SWEEP_EVERY_MS, () => this.bringBroadcastsOn(), this.logger),
      new Repeater(SWEEP_EVERY_MS, () => this.finishCancelling(), this.logger),
      new Repeater(SWEEP_EVERY_MS, () => this.totals.keepForgotten(), this.logger),
      new Repeater(FORGET_OWNERS_EVERY_MS, () => this.leases.forgetEnded(), this.logger),
    ];
  }

  onApplicationBootstrap(): void {
    for (const part of this.parts) part.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.stop()));
  }

  private async wakeOrphaned(): Promise<void> {
    await this.laneQueue.wakeFound(await this.lanes.findOrphaned(MOST_LANES));
  }

  private async wakeForsaken(): Promise<void> {
    await this.laneQueue.wakeFound(await this.lanes.findForsaken(MOST_LANES));
  }

  private async bringBroadcastsOn(): Promise<void> {
    await this.planQueue.wake(await this.broadcasts.findPlanning());
    await this.broadcasts.finishDone(await this.broadcasts.findDoneUnnoted());
  }

  private async finishCancelling(): Promise<void> {
    for (const { no, tenant_id: tenantId } of await this.broadcasts.findHalfCancelled()) {
      await this.control.cancelQueued(tenantId, no);
    }
  }
}
