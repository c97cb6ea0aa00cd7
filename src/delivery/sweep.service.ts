import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DispatcherDatabase } from '../platform/database/index.js';
import { InjectWakeQueue, WakeQueue } from '../platform/queue/index.js';
import { BroadcastRepository } from './broadcast.repository.js';
import { LANES, PLANS } from './delivery.queues.js';
import { LaneRepository } from './lane.repository.js';

const SWEEP_EVERY_MS = 2_000;
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
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private isStopping = false;

  constructor(
    database: DispatcherDatabase,
    private readonly broadcasts: BroadcastRepository,
    @InjectWakeQueue(LANES) private readonly laneQueue: WakeQueue,
    @InjectWakeQueue(PLANS) private readonly planQueue: WakeQueue,
  ) {
    this.lanes = new LaneRepository(database);
  }

  onApplicationBootstrap(): void {
    this.sweepSoon(0);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.sweeping;
  }

  private sweepSoon(delayMs: number): void {
    if (this.isStopping) return;
    this.timer = setTimeout(() => {
      this.sweeping = this.sweep().finally(() => this.sweepSoon(SWEEP_EVERY_MS));
    }, delayMs);
  }

  private async sweep(): Promise<void> {
    const parts = [() => this.wakeLanes(), () => this.bringBroadcastsOn(), () => this.finishCancelling()];
    for (const part of parts) {
      // One part that fails doesn't keep the others from their work.
      await part().catch((error: unknown) =>
        this.logger.error(error, 'a part of the sweep failed; it comes again'),
      );
    }
  }

  private async wakeLanes(): Promise<void> {
    await this.laneQueue.wake(await this.lanes.findForsaken(MOST_LANES));
  }

  private async bringBroadcastsOn(): Promise<void> {
    await this.planQueue.wake(await this.broadcasts.findPlanning());
    await this.broadcasts.finishDone(await this.broadcasts.findDoneUnnoted());
  }

  private async finishCancelling(): Promise<void> {
    for (const { no, tenant_id: tenantId } of await this.broadcasts.findHalfCancelled()) {
      await this.broadcasts.cancelQueued(tenantId, no);
    }
  }
}
