import { LoadingCache } from './loading-cache.js';

describe('LoadingCache', () => {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
  const bounds = { capacity: 10, maxAgeMs: 100 };
  beforeEach(() => (clock.nowMs = 0));

  it('loads once for those who ask together, and again when it is too old or forgotten', async () => {
    let loads = 0;
    const cache = new LoadingCache<string, number>(clock, bounds, () => Promise.resolve((loads += 1)));
    expect(await Promise.all([cache.get('a'), cache.get('a')])).toEqual([1, 1]);
    clock.nowMs = 99;
    expect(await cache.get('a')).toBe(1);
    clock.nowMs = 100;
    expect(await cache.get('a')).toBe(2);
    cache.forget('a');
    expect(await cache.get('a')).toBe(3);
    cache.clear();
    expect(await cache.get('a')).toBe(4);
  });

  it('remembers absence, and no failure', async () => {
    const results = [() => Promise.reject(new Error('away')), () => Promise.resolve(undefined)];
    let loads = 0;
    const cache = new LoadingCache<string, undefined>(clock, bounds, () =>
      (results[loads++] ?? (() => Promise.reject(new Error('not again'))))(),
    );
    await expect(cache.get('a')).rejects.toThrow('away');
    await expect(cache.get('a')).resolves.toBeUndefined();
    await expect(cache.get('a')).resolves.toBeUndefined();
  });
});
