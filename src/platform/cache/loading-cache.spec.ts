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

  it('forgets what a claim fits, also what is still being loaded', async () => {
    let loads = 0;
    const arrivals: (() => void)[] = [];
    const cache = new LoadingCache<string, string>(clock, bounds, async (key) => {
      loads += 1;
      if (key === 'slow') await new Promise<void>((resolve) => arrivals.push(resolve));
      return key;
    });
    const slow = cache.get('slow');
    await Promise.all([cache.get('a'), cache.get('b')]);
    cache.forgetWhere((value) => value !== 'b');
    arrivals.forEach((arrive) => arrive());
    expect(await slow).toBe('slow');
    await Promise.all([cache.get('a'), cache.get('b')]);
    expect(loads).toBe(4);
    const again = cache.get('slow');
    arrivals.forEach((arrive) => arrive());
    await again;
    expect(loads).toBe(5);
  });
});
