import { assert, constantFrom, integer, property } from 'fast-check';
import { findDueTimes } from '../../../test/oracle/due-times.js';
import { ClockWalk } from '../../../test/oracle/zone-clocks.js';
import { patternOfCron } from './cron.rules.js';
import { nextInstant } from './wall-pattern.rules.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function follow(line: string, timeZone: string, fromMs: number, toMs: number): number[] {
  const due: number[] = [];
  let last: number | null = fromMs - 1;
  while ((last = nextInstant(patternOfCron(line), timeZone, last)) !== null && last < toMs) due.push(last);
  return due;
}

describe('nextInstant', () => {
  it('is right for any line, zone and day', () => {
    assert(
      property(
        constantFrom(...Intl.supportedValuesOf('timeZone')),
        constantFrom(null, ...Array.from({ length: 24 }, (_, hour) => hour)),
        integer({ min: 0, max: 59 }),
        integer({ min: Date.UTC(2024, 0, 1) / HOUR, max: Date.UTC(2030, 11, 30) / HOUR }),
        (timeZone, hour, minute, fromHour) => {
          const stretch = [fromHour * HOUR, (fromHour + 26) * HOUR] as const;
          const expression = `${minute} ${hour ?? '*'} * * *`;
          expect(follow(expression, timeZone, ...stretch)).toEqual(
            findDueTimes({ rule: { kind: 'cron', expression } }, new ClockWalk(timeZone, ...stretch)),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    [
      'Cairo skips midnight',
      '0 0 * * *',
      'Africa/Cairo',
      '2026-04-23T12:00Z',
      ['2026-04-23T22:00Z', '2026-04-24T21:00Z'],
    ],
    [
      'Lord Howe skips half an hour',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00Z',
      ['2026-10-03T15:30Z', '2026-10-04T15:15Z'],
    ],
    [
      'Samoa skips a day',
      '0 9 * * *',
      'Pacific/Apia',
      '2011-12-29T20:00Z',
      ['2011-12-30T10:00Z', '2011-12-30T19:00Z'],
    ],
    [
      'New York has half hours twice',
      '*/30 * * * *',
      'America/New_York',
      '2026-11-01T04:45Z',
      [
        '2026-11-01T05:00Z',
        '2026-11-01T05:30Z',
        '2026-11-01T06:00Z',
        '2026-11-01T06:30Z',
        '2026-11-01T07:00Z',
      ],
    ],
    [
      'New York has a fixed half hour twice, due once',
      '30 1 * * *',
      'America/New_York',
      '2026-11-01T04:45Z',
      ['2026-11-01T05:30Z', '2026-11-02T06:30Z'],
    ],
    [
      'two skipped times are due once, at the end of the gap',
      '15,45 1 * * *',
      'Europe/Lisbon',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:15Z'],
    ],
    [
      'every second hour is not left out',
      '30 */2 * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      ['2026-03-29T01:00Z', '2026-03-29T02:30Z'],
    ],
  ])('knows the trap: %s', (_, line, timeZone, after, expected) => {
    let last: number | null = Date.parse(after);
    for (const due of expected) {
      last = nextInstant(patternOfCron(line), timeZone, last ?? NaN);
      expect(new Date(last ?? NaN).toISOString()).toBe(new Date(due).toISOString());
    }
  });
});
