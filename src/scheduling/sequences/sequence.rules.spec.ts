import {
  decideStep,
  placeSteps,
  standBehind,
  type Step,
  stepDueAt,
  type Traveller,
} from './sequence.rules.js';

const instant = (written: string) => new Date(written);
const seconds = (after: number) => ({ after, unit: 'second', at: null }) as const;
const days = (after: number, at: string | null = null) => ({ after, unit: 'day', at }) as const;

describe('when a step is due', () => {
  it.each([
    ['at once', seconds(0), '2026-03-01T10:00:00.500Z', 'UTC', '2026-03-01T10:00:00.500Z'],
    ['soon, to the second', seconds(90), '2026-03-01T10:00:00.500Z', 'UTC', '2026-03-01T10:01:30.500Z'],
    [
      'from an hour on, at a full minute',
      seconds(3600),
      '2026-03-01T10:00:10Z',
      'UTC',
      '2026-03-01T11:01:00Z',
    ],
    ['days later, at the same time', days(2), '2026-03-01T10:00:10Z', 'UTC', '2026-03-03T10:01:00Z'],
    ['on the day itself', days(0), '2026-03-01T10:00:10Z', 'UTC', '2026-03-01T10:00:10Z'],
    ['at a time of the day', days(3, '09:00:00'), '2026-03-01T23:30:00Z', 'UTC', '2026-03-04T09:00:00Z'],
    ['on their clocks', days(3, '09:00'), '2026-03-01T23:30:00Z', 'Asia/Tokyo', '2026-03-05T00:00:00Z'],
    ['today, later', days(0, '21:00'), '2026-03-01T10:00:00Z', 'America/Lima', '2026-03-02T02:00:00Z'],
    ['today, where that has passed', days(0, '09:00'), '2026-03-01T10:00:00Z', 'UTC', '2026-03-02T09:00:00Z'],
    ['over spring', days(1), '2026-03-28T09:00:00Z', 'Europe/Lisbon', '2026-03-29T08:00:00Z'],
    [
      'where clocks skip it',
      days(1, '01:30'),
      '2026-03-28T09:00:00Z',
      'Europe/Lisbon',
      '2026-03-29T01:00:00Z',
    ],
    [
      'where clocks show it twice',
      days(1, '01:30'),
      '2026-10-24T09:00:00Z',
      'Europe/Lisbon',
      '2026-10-25T00:30:00Z',
    ],
  ])('is %s', (_, delay, enrolledAt, timeZone, dueAt) => {
    expect(stepDueAt(delay, instant(enrolledAt), timeZone)).toEqual(instant(dueAt));
  });

  it('is never before the event', () => {
    for (const timeZone of Intl.supportedValuesOf('timeZone'))
      for (const delay of [seconds(0), days(0), days(0, '00:00'), days(0, '23:59:59'), days(1)])
        for (const enrolledAt of ['2026-03-29T00:59:59Z', '2026-10-25T00:30:00Z', '2026-04-23T22:00:00Z'])
          expect(stepDueAt(delay, instant(enrolledAt), timeZone) >= instant(enrolledAt)).toBe(true);
  });
});

describe('what becomes of a step', () => {
  const step = (id: string, position: number, delay: Omit<Step, 'id' | 'position'>): Step => ({
    id,
    position,
    ...delay,
  });
  const steps = [step('one', 1, seconds(0)), step('two', 2, days(1, '09:00')), step('three', 3, days(7))];
  const enrolledAt = instant('2026-03-01T10:00:00Z');
  const traveller: Traveller = {
    passed: 0,
    enrolledAt,
    dueAt: enrolledAt,
    timeZone: 'UTC',
    isReachable: true,
  };
  const decide = (
    more: Partial<Traveller> = {},
    at = '2026-03-01T10:00:01Z',
    ...[quiet]: never[] | [object]
  ) =>
    decideStep({ ...traveller, ...more }, steps, {
      now: instant(at),
      graceSeconds: 3600,
      quiet: (quiet ?? null) as never,
    });

  it('goes out, and the next is waited for', () => {
    expect(decide()).toEqual({
      due: { step: steps[0] },
      state: 'waiting',
      passed: 1,
      dueAt: instant('2026-03-02T09:00:00Z'),
    });
  });
  it('ends behind the last', () => {
    const dueAt = instant('2026-03-08T10:00:00Z');
    expect(decide({ passed: 2, dueAt }, '2026-03-08T10:00:01Z')).toEqual({
      due: { step: steps[2] },
      state: 'finished',
      passed: 3,
      dueAt: null,
    });
  });
  it('goes out late within the grace, and is missed beyond', () => {
    expect(decide({}, '2026-03-01T11:00:00Z').due).toEqual({ step: steps[0] });
    expect(decide({}, '2026-03-01T11:00:01Z')).toEqual({
      due: { step: steps[0], skipReason: 'missed' },
      state: 'waiting',
      passed: 1,
      dueAt: instant('2026-03-02T09:00:00Z'),
    });
  });
  it('waits over quiet hours or is left out', () => {
    const until = instant('2026-03-01T12:30:00Z');
    const held = decide({}, '2026-03-01T10:00:01Z', { kind: 'hold', until });
    expect(held).toEqual({ state: 'waiting', passed: 0, dueAt: until });
    // Lateness counts from the end of the quiet hours.
    expect(decide({ dueAt: until }, '2026-03-01T12:31:00Z').due).toEqual({ step: steps[0] });
    expect(decide({}, '2026-03-01T10:00:01Z', { kind: 'skip' })).toMatchObject({
      due: { step: steps[0], skipReason: 'quiet_hours' },
      passed: 1,
    });
  });
  it('is nothing more for who is out of reach', () => {
    expect(decide({ isReachable: false })).toEqual({ state: 'left', passed: 0, dueAt: null });
  });
  it('waits where the step lies later by now, and ends where it is gone', () => {
    expect(decide({ passed: 1 })).toEqual({
      state: 'waiting',
      passed: 1,
      dueAt: instant('2026-03-02T09:00:00Z'),
    });
    expect(decide({ passed: 3 })).toEqual({ state: 'finished', passed: 3, dueAt: null });
    expect(standBehind(2, steps, traveller).dueAt).toEqual(instant('2026-03-08T10:00:00Z'));
  });
});

describe('changed steps', () => {
  const current = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
  it.each([
    ['stay', ['a', 'b', 'c'], [1, 2, 3]],
    ['come behind', ['a', 'b', 'c', undefined, undefined], [1, 2, 3, 4, 5]],
    ['come before', [undefined, 'a', 'b', 'c'], [0.5, 1, 2, 3]],
    ['come between', ['a', undefined, undefined, 'b', 'c'], [1, 1.5, 1.75, 2, 3]],
    ['take the place of one that goes, for who waits for that', ['a', 'b', undefined], [1, 2, 4]],
    ['take the places of all', [undefined], [4]],
  ])('%s', (_, ids, places) => {
    expect(placeSteps(current, ids)).toEqual(places);
  });
  it.each([[['b', 'a', 'c']], [['a', 'a']], [['a', 'x']], [['b', undefined, 'a']]])(
    'are refused as %j',
    (ids) => {
      expect(() => placeSteps(current, ids)).toThrow(expect.objectContaining({ status: 400 }) as Error);
    },
  );
  it('say so where there is no room left', () => {
    const close = new Map([
      ['a', 1],
      ['b', 1 + Number.EPSILON],
    ]);
    expect(() => placeSteps(close, ['a', undefined, 'b'])).toThrow(
      expect.objectContaining({ status: 409 }) as Error,
    );
  });
});
