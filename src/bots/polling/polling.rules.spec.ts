import {
  isLastingConflict,
  LONG_POLLS,
  pauseAfterConflictMs,
  pauseAfterFailureMs,
  pauseAfterPollMs,
  pollTimeoutSeconds,
} from './polling.rules.js';

describe('polling', () => {
  it('keeps long polls open while there are connections for all bots', () => {
    expect(pollTimeoutSeconds(LONG_POLLS)).toBe(25);
    expect(pollTimeoutSeconds(LONG_POLLS + 1)).toBe(0);
  });

  it.each([
    ['a long poll that ran out', { timeoutSeconds: 25, tookMs: 25_000, updates: 0 }, 0],
    ['a long poll with updates', { timeoutSeconds: 25, tookMs: 5, updates: 3 }, 0],
    ['a server that does not wait', { timeoutSeconds: 25, tookMs: 100, updates: 0 }, 900],
    ['a short poll', { timeoutSeconds: 0, tookMs: 50, updates: 3 }, 3_000],
    ['a full batch', { timeoutSeconds: 0, tookMs: 50, updates: 100 }, 0],
  ])('pauses rightly after %s', (_, poll, pauseMs) => {
    expect(pauseAfterPollMs(poll)).toBe(pauseMs);
  });

  it('backs off with jitter, and no longer than half a minute', () => {
    expect([1, 2, 3].map((failures) => pauseAfterFailureMs(failures, 1))).toEqual([1_000, 2_000, 4_000]);
    expect(pauseAfterFailureMs(1, 0)).toBe(500);
    expect(pauseAfterFailureMs(1_000, 1)).toBe(30_000);
  });

  it('takes the second conflict for a lasting one, and asks less and less often', () => {
    expect([1, 2].map(isLastingConflict)).toEqual([false, true]);
    expect([1, 2, 3, 99].map(pauseAfterConflictMs)).toEqual([3_000, 6_000, 12_000, 60_000]);
  });
});
