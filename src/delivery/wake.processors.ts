import { Processor } from '@nestjs/bullmq';
import { WakeProcessor, WORKER_OPTIONS } from '../platform/queue/index.js';
import { BroadcastProgress } from './broadcast-progress.service.js';
import { LANES, PLANS } from './delivery.queues.js';
import { FanOut } from './fan-out.service.js';
import { LaneDriver } from './lane-driver.service.js';

/** Brings lanes that were woken to the driver, which drives them on its own: a job lasts until all have a place. */
@Processor(LANES, WORKER_OPTIONS)
export class LaneProcessor extends WakeProcessor {
  protected override readonly concurrency = 4;

  constructor(private readonly driver: LaneDriver) {
    super();
  }

  override drive(botNumbers: readonly string[]): Promise<void> {
    return this.driver.begin(botNumbers);
  }
}

/** Plans the broadcasts that were woken. */
@Processor(PLANS, WORKER_OPTIONS)
export class PlanProcessor extends WakeProcessor {
  protected override readonly concurrency = 4;

  constructor(
    private readonly fanOut: FanOut,
    private readonly progress: BroadcastProgress,
  ) {
    super();
  }

  override async drive(broadcastNumbers: readonly string[]): Promise<void> {
    await Promise.all(broadcastNumbers.map((broadcastNo) => this.fanOut.plan(broadcastNo)));
    // Nobody in the audience: then nothing will ever be settled, and it is done already.
    await this.progress.finish(broadcastNumbers);
  }
}
