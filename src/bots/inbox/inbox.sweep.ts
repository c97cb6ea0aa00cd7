import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectWakeQueue, WakeQueue } from '../../platform/queue/index.js';
import { Repeater } from '../repeater.js';
import { InboxRepository } from './inbox.repository.js';

const WAKE_EVERY_MS = 2_000;
const CLEAN_EVERY_MS = 60_000;
const DELETED_AT_ONCE = 10_000;

/** Repairs wakes that were lost, brings retries back, and lets old updates go. */
@Injectable()
export class InboxSweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(InboxSweep.name);
  private readonly waking = new Repeater(WAKE_EVERY_MS, () => this.wake(), this.logger);
  private readonly cleaning = new Repeater(CLEAN_EVERY_MS, () => this.clean(), this.logger);

  constructor(
    private readonly inbox: InboxRepository,
    @InjectWakeQueue('inbox') private readonly wakes: WakeQueue,
  ) {}

  onApplicationBootstrap(): void {
    this.waking.start();
    this.cleaning.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.waking.stop(), this.cleaning.stop()]);
  }

  private async wake(): Promise<void> {
    await this.wakes.wake(await this.inbox.findBotsToWake());
  }

  private async clean(): Promise<void> {
    while ((await this.inbox.deleteOld(DELETED_AT_ONCE)) === DELETED_AT_ONCE);
  }
}
