import { adviseOn, dueAfter, listFollowUps, lookAgainMs } from './follow-up.rules.js';

const ENDED_AT = new Date('2026-11-02T09:00:00Z');
const finished = { state: 'finished', endedAt: ENDED_AT, isCounted: true } as const;

describe('what follows a broadcast', () => {
  it('is what was asked for, and nothing else', () => {
    expect(listFollowUps({ pin: null, deletePrevious: false, deleteAfterSeconds: null })).toEqual([]);
    expect(listFollowUps({ pin: 'notify', deletePrevious: true, deleteAfterSeconds: 60 })).toEqual([
      { kind: 'pin', afterSeconds: 0, pinNotifies: true },
      { kind: 'delete_previous', afterSeconds: 0, pinNotifies: false },
      { kind: 'delete_after', afterSeconds: 60, pinNotifies: false },
    ]);
  });

  it('is due so long after its end, and not before that is known', () => {
    expect(dueAfter(finished, 3_600)).toEqual(new Date('2026-11-02T10:00:00Z'));
    expect(dueAfter({ ...finished, state: 'cancelled' }, 0)).toEqual(ENDED_AT);
    expect(dueAfter({ state: 'sending', endedAt: null, isCounted: false }, 0)).toBeNull();
    expect(dueAfter({ ...finished, isCounted: false }, 0)).toBeNull();
  });

  it.each([
    [0, 1_000],
    [60_000, 3_000],
    [3_600_000, 60_000],
  ])('that has waited for %d ms is looked at again after %d ms', (ageMs, delayMs) => {
    expect(lookAgainMs(ageMs)).toBe(delayMs);
  });

  it('says what to do where Telegram refused it, and nothing where all is well', () => {
    const failed = [{ state: 'failed', reason: 'no_rights', count: 2 }] as const;
    expect(adviseOn('pin', null, failed)).toContain('may pin messages');
    expect(adviseOn('delete_after', null, failed)).toContain('may delete messages');
    expect(adviseOn('delete_previous', 'too_old', null)).toContain('48 hours');
    expect(adviseOn('delete_after', null, [{ state: 'skipped', reason: 'too_old', count: 1 }])).toContain(
      '48 hours',
    );
    expect(adviseOn('pin', null, [{ state: 'sent', reason: 'already_gone', count: 1 }])).toBeNull();
    expect(adviseOn('delete_previous', 'no_previous', null)).toBeNull();
  });
});
