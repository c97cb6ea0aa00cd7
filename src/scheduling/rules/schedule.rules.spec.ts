import { scheduleRuleSchema, type ScheduleRule } from '../schedule-rule.dto.js';
import {
  anchorRule,
  findRuleProblem,
  latestRun,
  nextRun,
  previewRuns,
  UnreadableRuleError,
} from './schedule.rules.js';

const cron = (expression: string): ScheduleRule => ({ kind: 'cron', expression });
const runs = (rule: ScheduleRule, timeZone: string, after: string, count: number) =>
  previewRuns({ rule, timeZone }, new Date(after), count).map((run) => run.dueAt.replace('.000Z', 'Z'));

describe('once', () => {
  const rule: ScheduleRule = { kind: 'once', at: '2026-07-15T09:00' };

  it('runs at its time and never again', () => {
    expect(runs(rule, 'Europe/Lisbon', '2026-07-15T07:59:59Z', 5)).toEqual(['2026-07-15T08:00:00Z']);
    expect(nextRun({ rule, timeZone: 'Europe/Lisbon' }, new Date('2026-07-15T08:00:00Z'))).toBeNull();
  });
});

describe('interval', () => {
  const rule: ScheduleRule = { kind: 'interval', everySeconds: 90, startAt: '2026-01-01T00:00:00Z' };

  it('begins with its start', () => {
    expect(runs(rule, 'UTC', '2025-12-01T00:00:00Z', 3)).toEqual([
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:01:30Z',
      '2026-01-01T00:03:00Z',
    ]);
  });

  it('does not drift, however late somebody asks', () => {
    const later = nextRun({ rule, timeZone: 'UTC' }, new Date('2036-05-05T05:05:05.678Z'));
    expect(((later?.getTime() ?? 0) - Date.UTC(2026, 0, 1)) % 90_000).toBe(0);
    expect(later?.toISOString()).toBe('2036-05-05T05:06:00.000Z');
  });

  it('is strictly after', () => {
    expect(nextRun({ rule, timeZone: 'UTC' }, new Date('2026-01-01T00:01:30Z'))?.toISOString()).toBe(
      '2026-01-01T00:03:00.000Z',
    );
    expect(nextRun({ rule, timeZone: 'UTC' }, new Date('2026-01-01T00:01:29.999Z'))?.toISOString()).toBe(
      '2026-01-01T00:01:30.000Z',
    );
  });

  it('ends with its end, which still counts', () => {
    const ending = { ...rule, endAt: '2026-01-01T00:03:00Z' } as ScheduleRule;
    expect(runs(ending, 'UTC', '2026-01-01T00:00:00Z', 9)).toEqual([
      '2026-01-01T00:01:30Z',
      '2026-01-01T00:03:00Z',
    ]);
  });

  it('counts elapsed time across daylight saving', () => {
    const daily: ScheduleRule = { kind: 'interval', everySeconds: 86_400, startAt: '2026-03-28T09:00' };
    expect(runs(daily, 'Europe/Lisbon', '2026-03-28T00:00:00Z', 2)).toEqual([
      '2026-03-28T09:00:00Z',
      '2026-03-29T09:00:00Z',
    ]);
  });

  it('without a start gets one, an interval from now', () => {
    const now = new Date('2026-01-01T00:00:00.123Z');
    expect(anchorRule({ kind: 'interval', everySeconds: 5 }, 'UTC', now)).toEqual({
      kind: 'interval',
      everySeconds: 5,
      startAt: '2026-01-01T00:00:05.123Z',
    });
    expect(anchorRule(rule, 'UTC', now)).toBe(rule);
  });
});

describe('cron', () => {
  it.each([
    [
      'every minute',
      '* * * * *',
      'UTC',
      '2026-01-01T00:00:30Z',
      ['2026-01-01T00:01:00Z', '2026-01-01T00:02:00Z'],
    ],
    [
      'with seconds',
      '*/20 * * * * *',
      'UTC',
      '2026-01-01T00:00:20Z',
      ['2026-01-01T00:00:40Z', '2026-01-01T00:01:00Z'],
    ],
    [
      'weekdays by name',
      '0 9 * * MON-FRI',
      'UTC',
      '2026-01-02T09:00:00Z',
      ['2026-01-05T09:00:00Z', '2026-01-06T09:00:00Z'],
    ],
    [
      'the last day of a month',
      '0 0 L * *',
      'UTC',
      '2026-02-01T00:00:00Z',
      ['2026-02-28T00:00:00Z', '2026-03-31T00:00:00Z'],
    ],
    [
      'the second Tuesday',
      '0 9 * * TUE#2',
      'UTC',
      '2026-01-01T00:00:00Z',
      ['2026-01-13T09:00:00Z', '2026-02-10T09:00:00Z'],
    ],
    [
      '29 February',
      '0 12 29 2 *',
      'UTC',
      '2026-01-01T00:00:00Z',
      ['2028-02-29T12:00:00Z', '2032-02-29T12:00:00Z'],
    ],
    [
      'a fixed time that spring skips, once after the gap',
      '30 1 * * *',
      'Europe/Lisbon',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z'],
    ],
    [
      'a fixed time that autumn has twice, once',
      '30 1 * * *',
      'Europe/Lisbon',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
    ],
    [
      'a list of fixed times likewise',
      '30 1,13 * * *',
      'Europe/Lisbon',
      '2026-03-28T14:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-03-29T12:30:00Z'],
    ],
    [
      'every half hour, both times in autumn',
      '*/30 * * * *',
      'Europe/Lisbon',
      '2026-10-25T00:15:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-25T01:00:00Z', '2026-10-25T01:30:00Z', '2026-10-25T02:00:00Z'],
    ],
    [
      'half an hour skipped',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T14:00:00Z',
      ['2026-10-03T15:30:00Z', '2026-10-04T15:15:00Z'],
    ],
    [
      'half an hour twice',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T13:00:00Z',
      ['2026-04-04T14:45:00Z', '2026-04-05T15:15:00Z'],
    ],
    [
      'no daylight saving any more',
      '0 9 * * *',
      'America/Sao_Paulo',
      '2026-10-17T00:00:00Z',
      ['2026-10-17T12:00:00Z', '2026-10-18T12:00:00Z'],
    ],
    [
      'midnight that Cairo skips',
      '0 0 * * *',
      'Africa/Cairo',
      '2026-04-23T12:00:00Z',
      ['2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
    ],
  ])('%s', (_, expression, timeZone, after, expected) => {
    expect(runs(cron(expression), timeZone, after, expected.length)).toEqual(expected);
  });

  it('has nothing for 30 February', () => {
    expect(
      nextRun({ rule: cron('0 0 30 2 *'), timeZone: 'UTC' }, new Date('2026-01-01T00:00:00Z')),
    ).toBeNull();
  });
});

describe('calendar', () => {
  const calendar = (more: object): ScheduleRule => ({
    kind: 'calendar',
    unit: 'day',
    times: ['09:00'],
    startOn: '2026-01-31',
    ...more,
  });

  it.each([
    [
      'several times a day',
      { times: ['18:30', '09:00'] },
      ['2026-01-31T09:00:00Z', '2026-01-31T18:30:00Z', '2026-02-01T09:00:00Z'],
    ],
    [
      'every second week',
      { unit: 'week', every: 2, weekdays: ['MO', 'SA'] },
      ['2026-01-31T09:00:00Z', '2026-02-09T09:00:00Z', '2026-02-14T09:00:00Z'],
    ],
    [
      'every month, in a short one on its last day',
      { unit: 'month' },
      ['2026-01-31T09:00:00Z', '2026-02-28T09:00:00Z', '2026-03-31T09:00:00Z'],
    ],
    [
      'every year from 29 February',
      { unit: 'year', startOn: '2024-02-29' },
      ['2026-02-28T09:00:00Z', '2027-02-28T09:00:00Z', '2028-02-29T09:00:00Z'],
    ],
  ])('%s', (_, more, expected) => {
    expect(runs(calendar(more), 'UTC', '2026-01-15T00:00:00Z', expected.length)).toEqual(expected);
  });

  it('begins with its first day, which is today where none is named', () => {
    const anchored = anchorRule(
      { kind: 'calendar', unit: 'day', times: ['09:00'] },
      'Pacific/Auckland',
      new Date('2026-06-01T12:30:00Z'),
    );
    expect(anchored).toMatchObject({ startOn: '2026-06-02' });
  });
});

describe('rrule', () => {
  const newYork = (rule: string, startAt: string, count: number) =>
    runs({ kind: 'rrule', rule, startAt }, 'America/New_York', '2026-11-01T03:30:00Z', count).map((dueAt) =>
      dueAt.slice(11, 16),
    );

  // On that day clocks show 01:00 to 02:00 twice, from 05:00Z and from 06:00Z on.
  it('ends at the instant that UNTIL names, also where clocks show that hour twice', () => {
    expect(newYork('FREQ=DAILY;UNTIL=20261101T061500Z', '2026-10-25T01:30', 9)).toEqual(['05:30']);
    expect(newYork('FREQ=HOURLY;BYMINUTE=0,45;UNTIL=20261101T055000Z', '2026-10-25T01:30', 9)).toEqual([
      ...['03:45', '04:00', '04:45', '05:00', '05:45'],
    ]);
  });

  it('comes both times where it ends by clocks that are put back', () => {
    expect(newYork('FREQ=HOURLY;BYMINUTE=15;UNTIL=20261101T020000', '2026-10-25T00:00', 9)).toEqual([
      ...['04:15', '05:15', '06:15'],
    ]);
  });

  it('does not begin before the instant at which it starts', () => {
    expect(newYork('FREQ=MINUTELY;INTERVAL=30', '2026-11-01T06:00:00Z', 2)).toEqual(['06:00', '06:30']);
    expect(newYork('FREQ=MINUTELY;INTERVAL=30', '2026-11-01T01:00', 3)).toEqual(['05:00', '05:30', '06:00']);
  });
});

describe('bounds', () => {
  const bounded = (rule: ScheduleRule, bounds: object, after: string, count: number) =>
    previewRuns({ rule, timeZone: 'Europe/Lisbon', ...bounds }, new Date(after), count).map(
      (run) => run.localTime,
    );

  it('leaves out days and goes on after them', () => {
    const exceptDates = ['2026-06-02', '2026-06-03'];
    expect(bounded(cron('0 9 * * *'), { exceptDates }, '2026-06-01T00:00:00Z', 2)).toEqual([
      '2026-06-01T09:00:00',
      '2026-06-04T09:00:00',
    ]);
    expect(bounded(cron('* * * * * *'), { exceptDates }, '2026-06-01T22:59:59Z', 1)).toEqual([
      '2026-06-04T00:00:00',
    ]);
  });

  it('keeps within hours, also over midnight and on the days on which they begin', () => {
    const hourly = cron('0 * * * *');
    expect(bounded(hourly, { within: { from: '22:00', to: '01:00' } }, '2026-06-01T20:30:00Z', 4)).toEqual([
      '2026-06-01T22:00:00',
      '2026-06-01T23:00:00',
      '2026-06-02T00:00:00',
      '2026-06-02T22:00:00',
    ]);
    const fridays = { from: '22:00', to: '01:00', weekdays: ['FR'] };
    expect(bounded(hourly, { within: fridays }, '2026-06-01T20:30:00Z', 4)).toEqual([
      '2026-06-05T22:00:00',
      '2026-06-05T23:00:00',
      '2026-06-06T00:00:00',
      '2026-06-12T22:00:00',
    ]);
  });

  it('keeps within hours that clocks show twice', () => {
    const within = { from: '12:00', to: '01:15' };
    expect(bounded(cron('*/15 * * * *'), { within }, '2026-10-24T23:30:00Z', 4)).toEqual([
      '2026-10-25T00:45:00',
      '2026-10-25T01:00:00',
      '2026-10-25T01:00:00',
      '2026-10-25T12:00:00',
    ]);
  });

  it('ends, and the end still counts', () => {
    const endsAt = new Date('2026-06-02T08:00:00Z');
    expect(bounded(cron('0 9 * * *'), { endsAt }, '2026-06-01T00:00:00Z', 9)).toHaveLength(2);
  });

  it('finds out quickly that nothing is left', () => {
    const startedMs = performance.now();
    const never = {
      rule: cron('0 3 * * *'),
      timeZone: 'Europe/Lisbon',
      within: { from: '08:00', to: '20:00' },
    };
    expect(nextRun(never, new Date('2026-06-01T00:00:00Z'))).toBeNull();
    expect(findRuleProblem(never, new Date('2026-06-01T00:00:00Z'))).toMatchObject({
      field: 'within',
      code: 'never_due',
    });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});

describe('latestRun', () => {
  const known = new Date('2026-01-01T00:00:00Z');
  const latest = (rule: ScheduleRule, at: string) =>
    latestRun({ rule, timeZone: 'UTC' }, known, new Date(at)).toISOString();

  it.each([
    [cron('*/10 * * * * *'), '2026-01-01T00:00:10.000Z', '2026-01-01T00:00:10.000Z'],
    [cron('*/10 * * * * *'), '2026-01-01T00:00:19.999Z', '2026-01-01T00:00:10.000Z'],
    [cron('*/10 * * * * *'), '2031-05-05T05:05:59.999Z', '2031-05-05T05:05:50.000Z'],
    [cron('0 0 1 1 *'), '2025-12-31T00:00:00Z', '2026-01-01T00:00:00.000Z'],
    [cron('0 0 1 1 *'), '2029-12-31T00:00:00Z', '2029-01-01T00:00:00.000Z'],
    [
      { kind: 'interval', everySeconds: 90, startAt: '2026-01-01T00:00Z', endAt: '2026-01-01T00:03Z' },
      '2027-01-01T00:00:00Z',
      '2026-01-01T00:03:00.000Z',
    ],
  ] satisfies [ScheduleRule, string, string][])('%j up to %s', (rule, at, expected) => {
    expect(latest(rule, at)).toBe(expected);
  });
});

describe('previewRuns', () => {
  it('says the local time and its offset on both sides of a change', () => {
    expect(
      previewRuns(
        { rule: cron('0 9 * * *'), timeZone: 'Europe/Lisbon' },
        new Date('2026-03-28T00:00:00Z'),
        2,
      ),
    ).toEqual([
      { dueAt: '2026-03-28T09:00:00.000Z', localTime: '2026-03-28T09:00:00', offset: '+00:00', oddity: null },
      { dueAt: '2026-03-29T08:00:00.000Z', localTime: '2026-03-29T09:00:00', offset: '+01:00', oddity: null },
    ]);
  });
});

describe('findRuleProblem', () => {
  const now = new Date('2026-06-01T12:00:00Z');
  it.each([
    [{ kind: 'once', at: '2026-06-01T12:59' }, 'rule.at', /2026-06-01T13:00:00 in Europe\/Lisbon/],
    [
      { kind: 'interval', everySeconds: 60, startAt: '2026-06-02T00:00', endAt: '2026-06-01T23:00' },
      'rule.endAt',
      /later end/,
    ],
    [cron('0 0 30 2 *'), 'rule.expression', /30 February/],
  ] as const)('%j', (rule, field, message) => {
    expect(findRuleProblem({ rule: rule, timeZone: 'Europe/Lisbon' }, now)).toMatchObject({
      field,
      message: expect.stringMatching(message) as string,
    });
  });

  it('has nothing to say about a rule that runs', () => {
    expect(
      findRuleProblem({ rule: { kind: 'once', at: '2026-06-01T13:01' }, timeZone: 'Europe/Lisbon' }, now),
    ).toBeUndefined();
  });
});

describe('a rule that should not be in the database', () => {
  it.each([
    [{ kind: 'cron', expression: 'nonsense' }, 'UTC'],
    [{ kind: 'cron', expression: '* * * * *' }, 'Mars/Olympus'],
    [{ kind: 'once', at: 'soon' }, 'UTC'],
    [{ kind: 'interval', everySeconds: 60 }, 'UTC'],
    [{ kind: 'interval', everySeconds: 'x', startAt: '2026-01-01T00:00Z' }, 'UTC'],
    [{ kind: 'lunar' }, 'UTC'],
    [{ kind: 'calendar', unit: 'day', every: 1, times: ['09:00'] }, 'UTC'],
    [{ kind: 'rrule', rule: 'FREQ=DAILY' }, 'UTC'],
    [{ kind: 'rrule', rule: 'FREQ=OFTEN', startAt: '2026-01-01T00:00' }, 'UTC'],
    [null, 'UTC'],
  ])('%j in %s is told from one that has ended', (rule, timeZone) => {
    expect(() => nextRun({ rule: rule as ScheduleRule, timeZone }, new Date('2026-01-01T00:00:00Z'))).toThrow(
      UnreadableRuleError,
    );
  });
});

describe('scheduleRuleSchema', () => {
  it.each([
    [{ kind: 'once', at: '2026-02-29T10:00' }, 'at'],
    [{ kind: 'once', at: 'tomorrow' }, 'at'],
    [{ kind: 'once', at: '2026-03-01T25:00' }, 'at'],
    [{ kind: 'interval', everySeconds: 0 }, 'everySeconds'],
    [{ kind: 'interval', everySeconds: 1.5 }, 'everySeconds'],
    [{ kind: 'interval', everySeconds: 1e10 }, 'everySeconds'],
    [cron('60 * * * *'), 'expression'],
    [cron('* * * *'), 'expression'],
    [cron('* * * * * * 2027'), 'expression'],
    [cron('@daily'), 'expression'],
    [cron('? * * * *'), 'expression'],
    [cron('x'.repeat(201)), 'expression'],
    [{ kind: 'lunar' }, 'kind'],
    [{ kind: 'rrule', rule: 'FREQ=SECONDLY' }, 'rule'],
    [{ kind: 'once', at: '1969-12-31T23:59' }, 'at'],
    [{ kind: 'once', at: '2200-01-01T00:00' }, 'at'],
    [{ kind: 'calendar', unit: 'day', times: [] }, 'times'],
    [{ kind: 'calendar', unit: 'day', times: ['24:00'] }, 'times.0'],
    [{ kind: 'calendar', unit: 'day', times: ['09:00'], weekdays: ['MO'] }, 'weekdays'],
    [{ kind: 'calendar', unit: 'month', times: ['09:00'], startOn: '2026-02-30' }, 'startOn'],
  ])('refuses %j', (rule, field) => {
    const issues = scheduleRuleSchema.safeParse(rule).error?.issues ?? [];
    expect(issues.map((issue) => issue.path.join('.'))).toContain(field);
  });
});
