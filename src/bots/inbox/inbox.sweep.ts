import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectWakeQueue, WakeQueue } from '../../platform/queue/index.js';
import { Repeater } from '../../platform/clock/index.js';
import { InboxRepository } from './inbox.repository.js';

const WAKE_EVERY_MS = 2_000;

/** Repairs wakes that were lost, and brings retries back. */
@Injectable()
export class InboxSweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(InboxSweep.name);
  private readonly waking = new Repeater(WAKE_EVERY_MS, () => this.wake(), this.logger);

  constructor(
    private readonly inbox: InboxRepository,
    @InjectWakeQueue('inbox') private readonly wakes: WakeQueue,
  ) {}

  onApplicationBootstrap(): void {
    this.waking.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.waking.stop();
  }

  private async wake(): Promise<void> {
    await this.wakes.wake(await this.inbox.findBotsToWake());
  }
}
