import { Logger } from '@nestjs/common';
import { type RequestCount, RequestCounts } from '../../platform/request-counts/index.js';
import { CountsAwayError, SharedThrottlerStorage } from './shared-throttler-storage.js';

class CountsOfTheTest extends RequestCounts {
  asked = 0;
  counted = 0;
  answer: () => Promise<RequestCount> = () => Promise.resolve({ hits: this.counted, secondsLeft: 30 });

  override count(_key: string, _windowSeconds: number, times: number): Promise<RequestCount> {
    this.asked += 1;
    this.counted += times;
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

  it('makes nobody wait far below the limit and counts them together', async () => {
    jest.useFakeTimers();
    try {
      await storage.increment('key', 60_000, 200);
      const early = [
        await storage.increment('key', 60_000, 200),
        await storage.increment('key', 60_000, 200),
      ];
      expect(early.map(({ totalHits }) => totalHits)).toEqual([2, 3]);
      expect([counts.asked, counts.counted]).toEqual([1, 1]);
      // Other processes were busy meanwhile.
      counts.counted += 60;
      await jest.advanceTimersByTimeAsync(50);
      expect([counts.asked, counts.counted]).toEqual([2, 63]);
      expect(await storage.increment('key', 60_000, 200)).toMatchObject({ isBlocked: false, totalHits: 64 });
      expect(counts.asked).toBe(3);
    } finally {
      jest.useRealTimers();
    }
  });

  it('counts what was gathered with the first request that waits', async () => {
    for (let n = 0; n < 51; n++) await storage.increment('key', 60_000, 200);
    expect([counts.asked, counts.counted]).toEqual([2, 51]);
    storage.onModuleDestroy();
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
