import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type ThrottlerStorage } from '@nestjs/throttler';
import { ExpiringCache } from '../../platform/cache/index.js';
import { Clock } from '../../platform/clock/index.js';
import { type RequestCount, RequestCounts } from '../../platform/request-counts/index.js';

type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

interface KnownWindow {
  hits: number;
  readonly endsAtMs: number;
  /** Of those, what the other processes haven't heard of yet. */
  uncounted: number;
}

/** Requests far below the limit are counted together: a statement for each would cost as much as a small request. */
const GATHER_MS = 50;
/** Requests below half of the limit: hardly anybody sends as many while they are gathered. */
const FAR = 50;

/** A store that is away is not asked again for this long: requests must not wait for it one by one. */
const REST_MS = 1_000;
const ANSWER_WITHIN_MS = 500;

/** Nobody can tell how often was asked: the request passes. */
export class CountsAwayError extends Error {
  override readonly name = 'CountsAwayError';
}

/** What the throttler keeps its counts in: those that all processes share. */
@Injectable()
export class SharedThrottlerStorage implements ThrottlerStorage, OnModuleDestroy {
  private readonly logger = new Logger('rate-limits');
  /** What this process knows of the windows that run. */
  private readonly known: ExpiringCache<string, KnownWindow>;
  private readonly gathering = new Set<NodeJS.Timeout>();
  private restUntilMs = -Infinity;
  private isAway = false;

  constructor(
    private readonly counts: RequestCounts,
    private readonly clock: Clock,
  ) {
    this.known = new ExpiringCache(clock, { capacity: 10_000, maxAgeMs: 60_000 });
  }

  /** What was gathered and not yet counted is forgotten: it was far below the limit. */
  onModuleDestroy(): void {
    for (const timer of this.gathering) clearTimeout(timer);
  }

  /**
   * Far below the limit a request waits for nobody: it is counted a moment later. From nearly half of the limit on each
   * one waits for the count of all processes, and above it nobody is asked any more. So what may pass beyond the limit is
   * what the other processes took in the last moment and far below it: less than half of the limit each.
   *
   * @param windowMs length of the window
   * @throws CountsAwayError
   */
  async increment(key: string, windowMs: number, limit: number): Promise<ThrottlerRecord> {
    const known = this.known.get(key);
    const secondsLeft = known ? (known.endsAtMs - this.clock.monotonicMs()) / 1_000 : 0;
    if (!known || secondsLeft <= 0) return recordOf(await this.countAll(key, windowMs, 1), limit);
    if (known.hits > limit) return recordOf({ hits: known.hits, secondsLeft }, limit);
    if (known.hits + FAR >= limit / 2) return recordOf(await this.countAll(key, windowMs, 1), limit);
    known.hits += 1;
    known.uncounted += 1;
    if (known.uncounted === 1) this.gather(key, windowMs);
    return recordOf({ hits: known.hits, secondsLeft }, limit);
  }

  private gather(key: string, windowMs: number): void {
    const timer = setTimeout(() => {
      this.gathering.delete(timer);
      this.countAll(key, windowMs, 0).catch((error: unknown) => {
        // That nobody counts was logged; the requests passed anyway.
        if (!(error instanceof CountsAwayError)) throw error;
      });
    }, GATHER_MS);
    this.gathering.add(timer);
  }

  /** Counts so many more, and what was gathered. */
  private async countAll(key: string, windowMs: number, more: number): Promise<RequestCount> {
    const known = this.known.get(key);
    const gathered = known?.uncounted ?? 0;
    if (known) known.uncounted = 0;
    const count = await this.count(key, windowMs / 1_000, gathered + more);
    const { uncounted } = this.known.get(key) ?? { uncounted: 0 };
    this.known.set(key, {
      hits: count.hits + uncounted,
      endsAtMs: this.clock.monotonicMs() + count.secondsLeft * 1_000,
      uncounted,
    });
    return count;
  }

  private async count(key: string, windowSeconds: number, times: number): Promise<RequestCount> {
    if (this.clock.monotonicMs() < this.restUntilMs) throw new CountsAwayError('not asked again yet');
    try {
      const count = await within(ANSWER_WITHIN_MS, this.counts.count(key, windowSeconds, times));
      if (this.isAway) this.logger.log('requests are counted again');
      this.isAway = false;
      return count;
    } catch (error) {
      this.restUntilMs = this.clock.monotonicMs() + REST_MS;
      if (!this.isAway)
        this.logger.warn(`requests are not limited while nobody counts them: ${String(error)}`);
      this.isAway = true;
      throw new CountsAwayError('nobody counts', { cause: error });
    }
  }
}

function recordOf({ hits, secondsLeft }: RequestCount, limit: number): ThrottlerRecord {
  const seconds = Math.max(1, Math.ceil(secondsLeft));
  return { totalHits: hits, timeToExpire: seconds, isBlocked: hits > limit, timeToBlockExpire: seconds };
}

async function within<Value>(milliseconds: number, value: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([value, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
