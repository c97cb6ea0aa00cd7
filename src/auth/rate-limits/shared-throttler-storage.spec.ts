import { Logger } from '@nestjs/common';
import { type RequestCount, RequestCounts } from '../../platform/request-counts/index.js';
import { CountsAwayError, SharedThrottlerStorage } from './shared-throttler-storage.js';

class CountsOfTheTest extends RequestCounts {
  asked = 0;
  answer: () => Promise<RequestCount> = () => Promise.resolve({ hits: this.asked, secondsLeft: 30 });

  override count(): Promise<RequestCount> {
    this.asked += 1;
    return this.answer();
  }
}

describe('SharedThrottlerStorage', () => {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs, now: () => new Date(0) };
  let counts: CountsOfTheTest;
  let storage: SharedThrottlerStorage;
  beforeEach(() => {
    Logger.overrideLogger(false);
    clock.nowMs = 0;
    counts = new CountsOfTheTest();
    storage = new SharedThrottlerStorage(counts, clock);
  });

  it('blocks what is above the limit until the window ends', async () => {
    const records = [];
    for (let n = 0; n < 3; n++) records.push(await storage.increment('key', 60_000, 2));
    expect(records.map(({ isBlocked }) => isBlocked)).toEqual([false, false, true]);
    expect(records[2]).toMatchObject({ totalHits: 3, timeToExpire: 30, timeToBlockExpire: 30 });
  });

  it('makes nobody wait below half of the limit, and everybody above', async () => {
    await storage.increment('key', 60_000, 6);
    let answer: (count: RequestCount) => void = () => undefined;
    counts.answer = () => new Promise((resolve) => (answer = resolve));
    expect(await storage.increment('key', 60_000, 6)).toMatchObject({ isBlocked: false, totalHits: 2 });
    expect(counts.asked).toBe(2);
    // Other processes were busy meanwhile.
    answer({ hits: 5, secondsLeft: 30 });
    await Promise.resolve().then(() => Promise.resolve());
    counts.answer = () => Promise.resolve({ hits: 7, secondsLeft: 30 });
    expect(await storage.increment('key', 60_000, 6)).toMatchObject({ isBlocked: true, totalHits: 7 });
  });

  it('asks nobody for a key that is used up, until its window ends', async () => {
    for (let n = 0; n < 5; n++) await storage.increment('key', 60_000, 1);
    expect(counts.asked).toBe(2);
    clock.nowMs = 29_500;
    expect(await storage.increment('key', 60_000, 1)).toMatchObject({
      isBlocked: true,
      timeToBlockExpire: 1,
    });
    clock.nowMs = 30_000;
    counts.answer = () => Promise.resolve({ hits: 1, secondsLeft: 60 });
    expect(await storage.increment('key', 60_000, 1)).toMatchObject({ isBlocked: false });
    expect(counts.asked).toBe(3);
  });

  it('lets a store that is away rest for a second instead of asking it for each request', async () => {
    counts.answer = () => Promise.reject(new Error('away'));
    for (let n = 0; n < 5; n++)
      await expect(storage.increment('key', 60_000, 1)).rejects.toThrow(CountsAwayError);
    expect(counts.asked).toBe(1);
    clock.nowMs = 1_000;
    counts.answer = () => Promise.resolve({ hits: 1, secondsLeft: 60 });
    expect(await storage.increment('key', 60_000, 1)).toMatchObject({ isBlocked: false, totalHits: 1 });
  });

  it('waits for no store that does not answer', async () => {
    counts.answer = () => new Promise(() => undefined);
    await expect(storage.increment('key', 60_000, 1)).rejects.toThrow(CountsAwayError);
  });
});
