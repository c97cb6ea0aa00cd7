import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { WorkerHost } from '@nestjs/bullmq';
import { type Job } from 'bullmq';
import { clearTheWayForTheNextLook, type Wake } from './wake-queue.js';

/**
 * BullMQ's defaults notice a dead worker after a minute; these give what it worked on to others within seconds.
 * A processor starts when its application is up (`autorun: false`).
 */
export const WORKER_OPTIONS = {
  lockDuration: 4_000,
  stalledInterval: 2_000,
  // Seconds. The call that says "there is something" may be heard by a process that stands still; the others look by themselves.
  drainDelay: 1,
  maxStalledCount: 1_000,
  autorun: false,
} as const;

/** Works on keys that were woken. Subclasses are labelled with `@Processor(subject, WORKER_OPTIONS)`. */
export abstract class WakeProcessor
  extends WorkerHost
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  protected readonly logger = new Logger(this.constructor.name);

  /**
   * How many jobs this process works on at the same time. BullMQ takes that many from a full queue, one after the
   * other, before the first of them begins: a thousand on PostgreSQL stood still for a second.
   */
  protected abstract readonly concurrency: number;

  /** Does what there is to do for the keys; throwing is logged, and the sweep wakes them again. */
  abstract drive(keys: readonly string[]): Promise<void>;

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.concurrency;
    this.worker.on('error', (error) => this.logger.warn(`worker: ${error.message}`));
    this.worker.run().catch((error: unknown) => this.logger.error(`worker stopped: ${String(error)}`));
  }

  /** Waits for what is being worked on, while the database and the queue are still there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.worker.close();
  }

  override async process(job: Job<Wake>): Promise<void> {
    try {
      await clearTheWayForTheNextLook(job);
      await this.drive(job.data.keys);
    } catch (error) {
      this.logger.error(error, `${job.name} ${job.data.keys.join(', ')}`);
      throw error;
    }
  }
}
