import { AdaptiveLimit } from './adaptive-limit.rules.js';

function climbUntil(limit: AdaptiveLimit, fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 100) limit.climb(nowMs);
}

describe('AdaptiveLimit', () => {
  it('stays at its cap while nothing happens', () => {
    const limit = new AdaptiveLimit(30);
    climbUntil(limit, 0, 600_000);
    expect(limit.perSecond).toBe(30);
  });

  it('falls by three tenths with a breach, and never below one', () => {
    const limit = new AdaptiveLimit(30);
    limit.breach(0);
    expect(limit.perSecond).toBe(21);
    for (let count = 0; count < 20; count += 1) limit.breach(0);
    expect(limit.perSecond).toBe(1);
  });

  it('climbs quickly to just below what was breached, then waits a clean minute for each step', () => {
    const limit = new AdaptiveLimit(30);
    limit.breach(3_000);
    climbUntil(limit, 3_000, 3_000 + 8 * 4_000);
    expect(limit.perSecond).toBe(29);
    climbUntil(limit, 35_100, 35_000 + 59_000);
    expect(limit.perSecond).toBe(29);
    climbUntil(limit, 94_000, 35_000 + 61_000);
    expect(limit.perSecond).toBe(30);
  });

  it('does not climb during the rest that a breach brings', () => {
    const limit = new AdaptiveLimit(30);
    limit.breach(600_000);
    climbUntil(limit, 0, 600_000);
    expect(limit.perSecond).toBe(21);
  });

  it('waits longer after each guess that failed', () => {
    const limit = new AdaptiveLimit(30, {
      perSecond: 20,
      ceiling: 20,
      probeMs: 60_000,
      nextStepInMs: 60_000,
    });
    climbUntil(limit, 0, 60_000);
    expect(limit.perSecond).toBe(21);
    limit.breach(60_000);
    climbUntil(limit, 60_000, 60_000 + 30_000);
    expect(limit.perSecond).toBe(20);
    climbUntil(limit, 90_000, 90_000 + 80_000);
    expect(limit.perSecond).toBe(20);
    climbUntil(limit, 170_000, 220_000);
    expect(limit.perSecond).toBe(21);
  });

  it('knows no breach without a cap', () => {
    const limit = new AdaptiveLimit(Infinity);
    limit.breach(0);
    climbUntil(limit, 0, 10_000);
    expect(limit.perSecond).toBe(Infinity);
  });
});
