import { ExpiringCache } from './expiring-cache.js';

describe('ExpiringCache', () => {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
  beforeEach(() => (clock.nowMs = 0));

  it('forgets what is too old, counted from the last time it was set', () => {
    const cache = new ExpiringCache<string, number>(clock, { capacity: 10, maxAgeMs: 100 });
    cache.set('a', 1);
    clock.nowMs = 60;
    cache.set('a', 2);
    clock.nowMs = 159;
    expect(cache.get('a')).toBe(2);
    clock.nowMs = 160;
    expect(cache.get('a')).toBeUndefined();
  });

  it('keeps no more than its capacity, and the newest of them', () => {
    const cache = new ExpiringCache<string, number>(clock, { capacity: 2, maxAgeMs: 100 });
    cache.set('a', 1);
    cache.set('b', 2);
    cache.set('a', 3);
    cache.set('c', 4);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([3, undefined, 4]);
  });

  it('shows every entry, also to who deletes some meanwhile', () => {
    const cache = new ExpiringCache<string, number>(clock, { capacity: 10, maxAgeMs: 100 });
    for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3 })) cache.set(key, value);
    cache.forEach((value, key) => {
      if (value !== 2) cache.delete(key);
    });
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([undefined, 2, undefined]);
  });
});
