import { assert, constantFrom, integer, property } from 'fast-check';
import { patternOfCron } from './cron.rules.js';
import { nextInstant } from './wall-pattern.rules.js';

/** The oracle: walks the minutes and asks Intl what clocks show, and shares no code with what it checks. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const clocks = new Map<string, Intl.DateTimeFormat>();
const shown = new Map<string, string>();
function show(ms: number, timeZone: string): string {
  const key = `${timeZone} ${ms}`;
  const kept = shown.get(key);
  if (kept !== undefined) return kept;
  if (shown.size > 10_000) shown.clear();
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
    clocks.set(timeZone, clock);
  }
  const wall = clock.format(ms).replace(' ', 'T');
  shown.set(key, wall);
  return wall;
}

interface Asked {
  readonly hour: number | null;
  readonly minute: number;
}
const isAsked = (wall: string, { hour, minute }: Asked): boolean =>
  Number(wall.slice(14, 16)) === minute && (hour === null || Number(wall.slice(11, 13)) === hour);
const plusMinute = (wall: string): string =>
  new Date(Date.parse(`${wall}Z`) + MINUTE).toISOString().slice(0, 16);

/** Due instants in a stretch: the first time of those that exist, every one where no hour is fixed, and the ends of gaps. */
function walk(asked: Asked, timeZone: string, fromMs: number, toMs: number): number[] {
  const due: number[] = [];
  const seen = new Set<string>();
  let before = show(fromMs - MINUTE, timeZone);
  for (let ms = fromMs - 3 * HOUR; ms < fromMs; ms += MINUTE) seen.add(show(ms, timeZone));
  for (let ms = fromMs; ms < toMs; ms += MINUTE) {
    const wall = show(ms, timeZone);
    let isDue = isAsked(wall, asked) && (asked.hour === null || !seen.has(wall));
    if (wall > before)
      for (let skipped = plusMinute(before); skipped < wall; skipped = plusMinute(skipped))
        isDue ||= isAsked(skipped, asked) && !seen.has(skipped);
    if (isDue) due.push(ms);
    seen.add(wall);
    before = wall;
  }
  return due;
}

const lineOf = ({ hour, minute }: Asked): string => `${minute} ${hour ?? '*'} * * *`;
function follow(asked: Asked, timeZone: string, fromMs: number, toMs: number): number[] {
  const due: number[] = [];
  let last: number | null = fromMs - 1;
  while ((last = nextInstant(patternOfCron(lineOf(asked)), timeZone, last)) !== null && last < toMs)
    due.push(last);
  return due;
}

/** Changes of a zone in some years, by looking at every week and then halving it. */
function findChanges(timeZone: string, firstYear: number, lastYear: number): number[] {
  const changes: number[] = [];
  const step = 7 * 24 * HOUR;
  const distance = (ms: number) => Date.parse(`${show(ms, timeZone)}Z`) - ms;
  for (let ms = Date.UTC(firstYear, 0, 1); ms < Date.UTC(lastYear + 1, 0, 1); ms += step) {
    if (distance(ms) === distance(ms + step)) continue;
    let [low, high] = [ms / MINUTE, (ms + step) / MINUTE];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (distance(middle * MINUTE) === distance(ms)) low = middle;
      else high = middle;
    }
    changes.push(high * MINUTE);
  }
  return changes;
}

describe('nextInstant', () => {
  it('is right around every change of every zone from 2024 to 2030', () => {
    // Zones of the same law have the same changes: one of them stands for all.
    const found = new Map<string, { timeZone: string; changeMs: number }>();
    for (const timeZone of Intl.supportedValuesOf('timeZone'))
      for (const changeMs of findChanges(timeZone, 2024, 2030))
        found.set(`${changeMs} ${show(changeMs - MINUTE, timeZone)} ${show(changeMs, timeZone)}`, {
          timeZone,
          changeMs,
        });
    expect(found.size).toBeGreaterThan(100);
    let due = 0;
    for (const { timeZone, changeMs } of found.values()) {
      const [fromMs, toMs] = [changeMs - 3 * HOUR, changeMs + 3 * HOUR];
      const hours = new Set(
        [-70, -10, 0, 50, 70].map((m) => Number(show(changeMs + m * MINUTE, timeZone).slice(11, 13))),
      );
      const skippedHour = Number(plusMinute(show(changeMs - MINUTE, timeZone)).slice(11, 13));
      for (const hour of [null, skippedHour, ...hours])
        for (const minute of [0, 15, 45]) {
          const expected = walk({ hour, minute }, timeZone, fromMs, toMs);
          due += expected.length;
          const at = `${lineOf({ hour, minute })} in ${timeZone}`;
          expect([at, follow({ hour, minute }, timeZone, fromMs, toMs)]).toEqual([at, expected]);
        }
    }
    expect(due).toBeGreaterThan(1_000);
  });

  it('is right for any line, zone and day', () => {
    assert(
      property(
        constantFrom(...Intl.supportedValuesOf('timeZone')),
        constantFrom(null, ...Array.from({ length: 24 }, (_, hour) => hour)),
        integer({ min: 0, max: 59 }),
        integer({ min: Date.UTC(2024, 0, 1) / HOUR, max: Date.UTC(2030, 11, 30) / HOUR }),
        (timeZone, hour, minute, fromHour) => {
          const stretch = [fromHour * HOUR, (fromHour + 26) * HOUR] as const;
          expect(follow({ hour, minute }, timeZone, ...stretch)).toEqual(
            walk({ hour, minute }, timeZone, ...stretch),
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
