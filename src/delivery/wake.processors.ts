import { Processor } from '@nestjs/bullmq';
import { Configuration } from '../config/index.js';
import { WakeProcessor, WORKER_OPTIONS } from '../platform/queue/index.js';
import { BroadcastRepository } from './broadcast.repository.js';
import { LANES, PLANS } from './delivery.queues.js';
import { FanOut } from './fan-out.service.js';
import { LaneDriver } from './lane-driver.service.js';

/** Drives the lanes that were woken. */
@Processor(LANES, WORKER_OPTIONS)
export class LaneProcessor extends WakeProcessor {
  protected override readonly concurrency: number;

  constructor(
    private readonly driver: LaneDriver,
    configuration: Configuration,
  ) {
    super();
    this.concurrency = configuration.settings.LANES_PER_WORKER;
  }

  override drive(botNo: string): Promise<void> {
    return this.driver.drive(botNo);
  }
}

/** Plans the broadcasts that were woken. */
@Processor(PLANS, WORKER_OPTIONS)
export class PlanProcessor extends WakeProcessor {
  protected override readonly concurrency = 4;

  constructor(
    private readonly fanOut: FanOut,
    private readonly broadcasts: BroadcastRepository,
  ) {
    super();
  }

  override async drive(broadcastNo: string): Promise<void> {
    await this.fanOut.plan(broadcastNo);
    // Nobody in the audience: then nothing will ever be settled, and it is done already.
    await this.broadcasts.finishDone([broadcastNo]);
  }
}
