import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AssetStore } from './asset-store.repository.js';

const SWEEP_EVERY_MS = 10 * 60 * 1000;
/** No request lives this long. */
const ABANDONED_AFTER_SECONDS = 60 * 60;

/** Takes away what a process left that died during an upload. */
@Injectable()
export class AssetSweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(AssetSweep.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly store: AssetStore) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweep(), SWEEP_EVERY_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  async sweep(): Promise<void> {
    try {
      const swept = await this.store.sweepUnfinished(ABANDONED_AFTER_SECONDS);
      if (swept > 0) this.logger.log(`${swept} unfinished uploads were removed`);
    } catch (error) {
      this.logger.warn(`sweep failed and comes again: ${String(error)}`);
    }
  }
}
