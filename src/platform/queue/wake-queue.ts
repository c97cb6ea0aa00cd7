import { type BeforeApplicationShutdown, Inject, Logger } from '@nestjs/common';
import { type DeduplicationOptions, type Job, type Queue } from 'bullmq';
import { type Clock } from '../clock/index.js';
import { withoutLogContext } from '../logging/index.js';

/** The only payload a job has: the keys of what there is work for. Content stays in the database. */
export interface Wake {
  readonly keys: readonly string[];
}

/** Done jobs leave no trace: what happened is in the database. */
const FORGOTTEN = { removeOnComplete: true, removeOnFail: true } as const;

const FOUND = ':found:';
/** A job that a dead worker took and never began is given to others after 6 s; looks of the next turn don't wait for it. */
const FOUND_TURN_MS = 2_000;
const FOUND_TURNS = 3;

/** Lets the next look wake again what this job was made for, once it is taken up. */
export async function clearTheWayForTheNextLook(job: Job<Wake>): Promise<void> {
  if (job.deduplicationId?.includes(FOUND)) await job.removeDeduplicationKey();
}

/**
 * Wakes whoever works on a key ("lane 7 has deliveries"). A wake is a hint: losing every one of them delays work until
 * the next sweep and loses nothing.
 */
export class WakeQueue implements BeforeApplicationShutdown {
  private readonly logger: Logger;

  private readonly soon = new Set<string>();
  private gathering: NodeJS.Immediate | undefined;

  constructor(
    private readonly subject: string,
    private readonly queue: Queue<Wake>,
    private readonly clock: Clock,
    private readonly keysPerJob: number,
  ) {
    this.logger = new Logger(`queue ${subject}`);
    queue.on('error', (error) => this.logger.warn(`queue is away: ${error.message}`));
  }

  /**
   * Wakes keys, where the queue allows it many in one job. While a wake of one key waits, further ones for it alone are
   * dropped, and one that comes while the key is being worked on runs once more afterwards.
   */
  async wake(keys: readonly string[]): Promise<void> {
    await this.add(keys, ([key, ...others]) =>
      others.length === 0 ? { id: `${this.subject}:${key}`, keepLastIfActive: true } : undefined,
    );
  }

  /**
   * For whoever looks again and again and finds the same keys while nobody has time for them: what waits of an earlier
   * look of the same turn is not doubled, so that three jobs wait for each place of the list at most. A key that is
   * dropped so is found by the next look. What somebody took up waits no longer: they may have died over it.
   */
  async wakeFound(keys: readonly string[]): Promise<void> {
    const turn = Math.floor(this.clock.now().getTime() / FOUND_TURN_MS) % FOUND_TURNS;
    await this.add(keys, (_, position) => ({ id: `${this.subject}${FOUND}${turn}:${position}` }));
  }

  /**
   * Wakes one key after a while, once for each second that it is asked for: with one name for all of them, a wake asked
   * for by a job that was itself woken later would be dropped as that job's double.
   */
  async wakeLater(key: string, delayMs: number): Promise<void> {
    const dueSecond = Math.ceil((this.clock.now().getTime() + delayMs) / 1000);
    await this.queue.add(
      this.subject,
      { keys: [key] },
      {
        ...FORGOTTEN,
        delay: Math.ceil(delayMs),
        deduplication: { id: `${this.subject}:later:${key}:${dueSecond}` },
      },
    );
  }

  /**
   * For after a commit: what many commits of one moment ask for is asked of the queue at once. A failure is logged,
   * since the sweep finds the work anyway.
   */
  wakeSoon(keys: readonly string[]): void {
    for (const key of keys) this.soon.add(key);
    this.gathering ??= withoutLogContext(() => setImmediate(() => void this.wakeGathered()));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.wakeGathered();
    await this.queue.close();
  }

  private async add(
    keys: readonly string[],
    deduplicate: (keys: readonly string[], position: number) => DeduplicationOptions | undefined,
  ): Promise<void> {
    const groups: (readonly string[])[] = [];
    for (let first = 0; first < keys.length; first += this.keysPerJob) {
      groups.push(keys.slice(first, first + this.keysPerJob));
    }
    if (groups.length === 0) return;
    await this.queue.addBulk(
      groups.map((group, position) => {
        const deduplication = deduplicate(group, position);
        return {
          name: this.subject,
          data: { keys: group },
          opts: { ...FORGOTTEN, ...(deduplication && { deduplication }) },
        };
      }),
    );
  }

  private async wakeGathered(): Promise<void> {
    clearImmediate(this.gathering);
    this.gathering = undefined;
    const keys = [...this.soon];
    this.soon.clear();
    try {
      await this.wake(keys);
    } catch (error) {
      this.logger.warn(`wake failed, the sweep will repair it: ${String(error)}`);
    }
  }
}

export const wakeQueueToken = (subject: string): string => `WakeQueue:${subject}`;
export const InjectWakeQueue = (subject: string) => Inject(wakeQueueToken(subject));
