import { Injectable, Logger } from '@nestjs/common';
import { type ThrottlerStorage } from '@nestjs/throttler';
import { ExpiringCache } from '../../platform/cache/index.js';
import { Clock } from '../../platform/clock/index.js';
import { type RequestCount, RequestCounts } from '../../platform/request-counts/index.js';

type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

interface KnownWindow {
  hits: number;
  readonly endsAtMs: number;
}

/** A store that is away is not asked again for this long: requests must not wait for it one by one. */
const REST_MS = 1_000;
const ANSWER_WITHIN_MS = 500;

/** Nobody can tell how often was asked: the request passes. */
export class CountsAwayError extends Error {
  override readonly name = 'CountsAwayError';
}

/** What the throttler keeps its counts in: those that all processes share. */
@Injectable()
export class SharedThrottlerStorage implements ThrottlerStorage {
  private readonly logger = new Logger('rate-limits');
  /** What this process knows of the windows that run. */
  private readonly known: ExpiringCache<string, KnownWindow>;
  private restUntilMs = -Infinity;
  private isAway = false;

  constructor(
    private readonly counts: RequestCounts,
    private readonly clock: Clock,
  ) {
    this.known = new ExpiringCache(clock, { capacity: 10_000, maxAgeMs: 60_000 });
  }

  /**
   * Far below the limit a request waits for nobody: it is counted while it is served already. From half of the limit on
   * each one waits for the count of all processes, and above it nobody is asked any more.
   *
   * @param windowMs length of the window
   * @throws CountsAwayError
   */
  async increment(key: string, windowMs: number, limit: number): Promise<ThrottlerRecord> {
    const known = this.known.get(key);
    const secondsLeft = known ? (known.endsAtMs - this.clock.monotonicMs()) / 1_000 : 0;
    if (!known || secondsLeft <= 0) return this.countInTime(key, windowMs, limit);
    if (known.hits > limit) return recordOf(known.hits, secondsLeft, limit);
    if (known.hits >= limit / 2) return this.countInTime(key, windowMs, limit);
    known.hits += 1;
    this.countInTime(key, windowMs, limit).catch((error: unknown) => {
      // That nobody counts was logged; the request passed anyway.
      if (!(error instanceof CountsAwayError)) throw error;
    });
    return recordOf(known.hits, secondsLeft, limit);
  }

  private async countInTime(key: string, windowMs: number, limit: number): Promise<ThrottlerRecord> {
    const { hits, secondsLeft } = await this.count(key, windowMs / 1_000);
    this.known.set(key, { hits, endsAtMs: this.clock.monotonicMs() + secondsLeft * 1_000 });
    return recordOf(hits, secondsLeft, limit);
  }

  private async count(key: string, windowSeconds: number): Promise<RequestCount> {
    if (this.clock.monotonicMs() < this.restUntilMs) throw new CountsAwayError('not asked again yet');
    try {
      const count = await within(ANSWER_WITHIN_MS, this.counts.count(key, windowSeconds));
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

function recordOf(hits: number, secondsLeft: number, limit: number): ThrottlerRecord {
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
