import { completeLimits, describeExcess, QUOTAS, resetOf, roomOf } from './quota.rules.js';

describe('completeLimits', () => {
  it('limits nothing that nobody chose', () => {
    expect(completeLimits({ bots: 0, chats: null })).toEqual({
      ...Object.fromEntries(QUOTAS.map((name) => [name, null])),
      bots: 0,
    });
  });
});

describe('roomOf', () => {
  it.each([
    [null, 1_000_000, Infinity],
    [10, 3, 7],
    [10, 10, 0],
    [10, 12, -2],
    [0, 0, 0],
  ])('of a limit of %s with %s in use is %s', (limit, used, room) => {
    expect(roomOf(limit, used)).toBe(room);
  });
});

describe('describeExcess', () => {
  it.each(QUOTAS)('names the plan, the limit, the use and a way out of %s', (name) => {
    const text = describeExcess('free', name, 100, 99);
    for (const part of ['"free"', '100', '99', 'or ask the operator']) expect(text).toContain(part);
    expect(text).not.toMatch(/[a-z][A-Z]/);
  });
});

describe('resetOf', () => {
  it('is the next midnight in UTC for what is counted by the day', () => {
    expect(resetOf('deliveriesPerDay', new Date('2026-12-31T23:59:59.999Z'))).toEqual(
      new Date('2027-01-01T00:00:00Z'),
    );
    expect(resetOf('deliveriesPerDay', new Date('2026-06-01T00:00:00Z'))).toEqual(
      new Date('2026-06-02T00:00:00Z'),
    );
  });

  it('is never for what stays', () => {
    expect(resetOf('bots', new Date('2026-06-01T00:00:00Z'))).toBeNull();
  });
});
