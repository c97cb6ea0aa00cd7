import { array, assert, constantFrom, integer, option, property, record, uniqueArray } from 'fast-check';
import { patternOfCron } from './cron.rules.js';
import { patternOfRecurrence } from './recurrence.rules.js';
import { readRrule, RruleError } from './rrule-text.rules.js';
import { nextInstant } from './wall-pattern.rules.js';
import { wallMsAt } from './zone-changes.rules.js';

const DAY = 24 * 60 * 60 * 1000;
const START = '1997-09-02T09:00Z';

const ZONE = 'America/New_York';

function timesOf(rule: string, count: number, start = START): string[] {
  const startMs = Date.parse(start);
  const pattern = patternOfRecurrence(readRrule(rule, startMs));
  const next = (ms: number) => nextInstant(pattern, ZONE, ms);
  const found: string[] = [];
  for (let ms = next(startMs - DAY); ms !== null && found.length < count; ms = next(ms))
    found.push(new Date(wallMsAt(ms, ZONE)).toISOString().slice(0, 16));
  return found;
}
const daysOf = (rule: string, count: number, start?: string) =>
  timesOf(rule, count, start).map((time) => time.slice(0, 10));

describe('readRrule', () => {
  it.each([
    ['ten days', 'FREQ=DAILY;COUNT=3', ['1997-09-02', '1997-09-03', '1997-09-04']],
    ['until a day in UTC', 'FREQ=DAILY;UNTIL=19970904T130000Z', ['1997-09-02', '1997-09-03', '1997-09-04']],
    ['until just before', 'FREQ=DAILY;UNTIL=19970904T125959Z', ['1997-09-02', '1997-09-03']],
    ['until a day', 'FREQ=DAILY;UNTIL=19970903', ['1997-09-02', '1997-09-03']],
    ['every tenth day', 'FREQ=DAILY;INTERVAL=10;COUNT=3', ['1997-09-02', '1997-09-12', '1997-09-22']],
    [
      'every second week, weeks beginning on Sunday',
      'FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH;COUNT=4',
      ['1997-09-02', '1997-09-04', '1997-09-16', '1997-09-18'],
    ],
    ['the first Friday', 'FREQ=MONTHLY;COUNT=3;BYDAY=1FR', ['1997-09-05', '1997-10-03', '1997-11-07']],
    [
      'the last but one Monday',
      'FREQ=MONTHLY;COUNT=3;BYDAY=-2MO',
      ['1997-09-22', '1997-10-20', '1997-11-17'],
    ],
    [
      'the third day from the end',
      'FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3',
      ['1997-09-28', '1997-10-29', '1997-11-28'],
    ],
    [
      'first and last day',
      'FREQ=MONTHLY;COUNT=3;BYMONTHDAY=1,-1',
      ['1997-09-30', '1997-10-01', '1997-10-31'],
    ],
    ['June and July', 'FREQ=YEARLY;COUNT=3;BYMONTH=6,7', ['1998-06-02', '1998-07-02', '1999-06-02']],
    [
      'days of every third year',
      'FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200',
      ['2000-01-01', '2000-04-09', '2000-07-18', '2003-01-01'],
    ],
    [
      'the twentieth Monday of a year',
      'FREQ=YEARLY;BYDAY=20MO;COUNT=3',
      ['1998-05-18', '1999-05-17', '2000-05-15'],
    ],
    [
      'Monday of week 20',
      'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3',
      ['1998-05-11', '1999-05-17', '2000-05-15'],
    ],
    [
      'Thursdays in March',
      'FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=3',
      ['1998-03-05', '1998-03-12', '1998-03-19'],
    ],
    [
      'Friday the thirteenth',
      'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3',
      ['1998-02-13', '1998-03-13', '1998-11-13'],
    ],
    [
      'election day',
      'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=2',
      ['1997-11-04', '2001-11-06'],
    ],
    [
      'the third of Tuesday to Thursday',
      'FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3',
      ['1997-09-04', '1997-10-07', '1997-11-06'],
    ],
    [
      'the last working day',
      'RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3',
      ['1997-09-30', '1997-10-31', '1997-11-28'],
    ],
    ['every second Tuesday of a month', 'freq=monthly;byday=2TU;count=2', ['1997-09-09', '1997-10-14']],
    ['29 February', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2', ['2000-02-29', '2004-02-29']],
  ])('knows %s', (_, rule, expected) => {
    expect(daysOf(rule, expected.length + (/COUNT|UNTIL/i.test(rule) ? 1 : 0))).toEqual(expected);
  });

  it('has a month pass that lacks the day of the start', () => {
    expect(daysOf('FREQ=MONTHLY', 3, '2026-01-31T09:00Z')).toEqual([
      '2026-01-31',
      '2026-03-31',
      '2026-05-31',
    ]);
  });

  it('has every so many hours and minutes, counted from the start over midnight', () => {
    expect(timesOf('FREQ=HOURLY;INTERVAL=7', 5)).toEqual([
      ...['1997-09-02T09:00', '1997-09-02T16:00', '1997-09-02T23:00', '1997-09-03T06:00', '1997-09-03T13:00'],
    ]);
    expect(timesOf('FREQ=MINUTELY;INTERVAL=90;BYHOUR=9,10,11,12', 4)).toEqual([
      ...['1997-09-02T09:00', '1997-09-02T10:30', '1997-09-02T12:00', '1997-09-03T09:00'],
    ]);
    expect(timesOf('FREQ=HOURLY;BYDAY=SU;BYMINUTE=15,45;UNTIL=19970907T004500', 9)).toEqual([
      ...['1997-09-07T00:15', '1997-09-07T00:45'],
    ]);
  });

  it.each([
    ['FREQ=HOURLY;BYMINUTE=30', '30 * * * *'],
    ['FREQ=HOURLY;INTERVAL=2;BYMINUTE=30', '30 */2 * * *'],
    ['FREQ=MINUTELY;INTERVAL=30', '*/30 * * * *'],
  ])('is due as a cron line is around changes of clocks: %s', (rule, line) => {
    for (const [timeZone, from] of [
      ['America/New_York', '2026-10-31T12:00Z'],
      ['Europe/Berlin', '2026-03-28T12:00Z'],
      ['Australia/Lord_Howe', '2026-10-03T00:00Z'],
      ['Africa/Cairo', '2026-04-23T12:00Z'],
    ] as const) {
      const rrule = patternOfRecurrence(readRrule(rule, Date.parse('2026-01-01T00:00Z')));
      let [one, other]: (number | null)[] = [Date.parse(from), Date.parse(from)];
      for (let n = 0; n < 100; n++) {
        one = nextInstant(rrule, timeZone, one ?? NaN);
        other = nextInstant(patternOfCron(line), timeZone, other ?? NaN);
        expect(one).toBe(other);
      }
    }
  });

  it('has several times a day, and positions that count them', () => {
    expect(timesOf('FREQ=DAILY;BYHOUR=9,18;BYMINUTE=0,30', 5)).toEqual(
      ['02T09:00', '02T09:30', '02T18:00', '02T18:30', '03T09:00'].map((time) => `1997-09-${time}`),
    );
    expect(timesOf('FREQ=MONTHLY;BYDAY=MO;BYHOUR=9,18;BYSETPOS=2,-1', 3)).toEqual([
      '1997-09-29T18:00',
      '1997-10-06T18:00',
      '1997-10-27T18:00',
    ]);
  });

  it.each([
    ['FREQ=SECONDLY', /interval rule/],
    ['FREQ=constructor', /FREQ is/],
    ['FREQ=HOURLY;COUNT=3', /maxRuns/],
    ['FREQ=HOURLY;BYDAY=MO;BYSETPOS=1', /BYSETPOS/],
    ['FREQ=MINUTELY;BYSECOND=0,30', /1440/],
    ['BYDAY=MO', /FREQ is missing/],
    ['FREQ=DAILY;FREQ=DAILY', /twice/],
    ['FREQ=DAILY;BYEASTER=0', /no part/],
    ['FREQ=DAILY;INTERVAL=0', /from 1 to/],
    ['FREQ=DAILY;COUNT=3;UNTIL=20270101', /not both/],
    ['FREQ=DAILY;UNTIL=20270230', /UNTIL/],
    ['FREQ=MONTHLY;BYDAY=0MO', /without 0/],
    ['FREQ=WEEKLY;BYDAY=2MO', /MONTHLY or YEARLY/],
    ['FREQ=WEEKLY;BYDAY=XX', /no weekday/],
    ['FREQ=WEEKLY;BYMONTHDAY=1', /WEEKLY/],
    ['FREQ=MONTHLY;BYWEEKNO=1', /YEARLY/],
    ['FREQ=MONTHLY;BYYEARDAY=1', /YEARLY/],
    ['FREQ=MONTHLY;BYMONTHDAY=32', /-31 to 31/],
    ['FREQ=MONTHLY;BYSETPOS=1', /picks/],
    ['FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=8,9,10;BYMINUTE=0,30;BYSETPOS=-1', /fewer hours/],
    ['FREQ=DAILY;INTERVAL=2,3', /INTERVAL is one number/],
    ['FREQ=DAILY;COUNT=5,10', /COUNT is one number/],
    ['FREQ=DAILY;COUNT=99999', /from 1 to/],
    [
      `FREQ=DAILY;BYMINUTE=${Array.from({ length: 60 }, (_, n) => n).join()};BYSECOND=${Array.from({ length: 60 }, (_, n) => n).join()}`,
      /times a day/,
    ],
    ['', /no part/],
    ['FREQ=DAILY;=;', /no part/],
  ])('refuses %s', (rule, why) => {
    const read = () => readRrule(rule, Date.parse(START));
    expect(read).toThrow(RruleError);
    expect(read).toThrow(why);
  });

  it('finds out quickly that a rule is never due', () => {
    const startedMs = performance.now();
    for (const frequency of ['DAILY', 'MONTHLY', 'YEARLY'])
      expect(timesOf(`FREQ=${frequency};BYMONTH=2;BYMONTHDAY=30`, 1)).toEqual([]);
    expect(timesOf('FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=10000', 1)).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it('agrees with counting every day by hand', () => {
    const WEEK = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
    assert(
      property(
        record({
          frequency: constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
          interval: integer({ min: 1, max: 5 }),
          weekdays: uniqueArray(constantFrom(...WEEK), { minLength: 1, maxLength: 4 }),
          months: option(uniqueArray(integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 3 }), {
            nil: undefined,
          }),
          position: option(constantFrom(1, 2, -1, -2), { nil: undefined }),
          startDay: integer({ min: 0, max: 2000 }),
          probes: array(integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 3 }),
        }),
        ({ frequency, interval, weekdays, months, position, startDay, probes }) => {
          const startMs = Date.UTC(2024, 0, 1) + startDay * DAY + 9 * 60 * 60 * 1000;
          const rule = [
            `FREQ=${frequency};INTERVAL=${interval};BYDAY=${weekdays.join(',')}`,
            months && `BYMONTH=${months.join(',')}`,
            position && `BYSETPOS=${position}`,
          ]
            .filter(Boolean)
            .join(';');
          const { nextWall } = patternOfRecurrence(readRrule(rule, startMs));
          // By hand: every day of twenty years falls into its period; each period keeps what the rule allows.
          const monday = (ms: number) => Math.floor((ms / DAY + 3) / 7);
          const periodOf = (ms: number) => {
            const date = new Date(ms);
            const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
            return {
              DAILY: Math.floor(ms / DAY),
              WEEKLY: monday(ms),
              MONTHLY: month,
              YEARLY: date.getUTCFullYear(),
            }[frequency];
          };
          const periods = new Map<number, number[]>();
          for (let ms = startMs - 366 * DAY; ms < startMs + 20 * 366 * DAY; ms += DAY) {
            const date = new Date(ms);
            const isIn =
              weekdays.includes(WEEK[date.getUTCDay()]!) &&
              (!months || months.includes(date.getUTCMonth() + 1));
            if (isIn) periods.set(periodOf(ms), [...(periods.get(periodOf(ms)) ?? []), ms]);
          }
          const due = [...periods]
            .filter(([period]) => (period - periodOf(startMs)) % interval === 0)
            .flatMap(([, times]) => {
              if (position === undefined) return times;
              const chosen = times.at(position > 0 ? position - 1 : position);
              return chosen === undefined ? [] : [chosen];
            })
            .filter((ms) => ms >= startMs);
          for (const probe of probes) {
            const after = startMs + probe * DAY;
            expect([rule, nextWall(after)]).toEqual([rule, due.find((ms) => ms > after) ?? null]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
