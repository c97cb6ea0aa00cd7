import { type Within } from '../schedule-rule.dto.js';
import { DAY_MS, dayOf, weekdayOf, WEEKDAYS, writeDay } from './calendar-day.rules.js';
import { readWallTime } from './local-time.rules.js';
import { readTimeOfDay } from './rrule-text.rules.js';
import { findChange, wallMsAt } from './zone-changes.rules.js';

/** Days and hours of a zone's clocks that bound what is due. */
interface Exclusions {
  readonly timeZone: string;
  readonly exceptDates?: readonly string[] | null;
  readonly within?: Within | null;
}

/** Where a due time is excluded, the first instant that may be allowed again; null for one that is allowed. */
export function findExclusionEnd({ timeZone, exceptDates, within }: Exclusions, atMs: number): number | null {
  const isBounded = within || (exceptDates && exceptDates.length > 0);
  if (!isBounded) return null;
  const wallMs = wallMsAt(atMs, timeZone);
  const day = dayOf(wallMs);
  // Where clocks are put back before the exclusion ends, what they show again may be allowed.
  const until = (allowedWallMs: number): number => {
    const { atMs: endMs } = readWallTime(allowedWallMs, timeZone);
    const change = findChange(timeZone, atMs, endMs);
    return change && change.offsetAfterMs < change.offsetBeforeMs ? change.atMs : endMs;
  };
  if (exceptDates?.includes(writeDay(day))) return until((day + 1) * DAY_MS);
  if (!within || isWithin(within, wallMs)) return null;
  const fromMs = readTimeOfDay(within.from) * 1000;
  // At the latest they begin a week from now.
  for (let ahead = 0; ahead <= 7; ahead++) {
    const opensMs = (day + ahead) * DAY_MS + fromMs;
    if (opensMs > wallMs && isWithin(within, opensMs)) return until(opensMs);
  }
  throw new Error('The hours never begin.');
}

/** Claims that a time on clocks lies in the hours. */
export function isWithin({ from, to, weekdays }: Within, wallMs: number): boolean {
  const day = dayOf(wallMs);
  const second = (wallMs - day * DAY_MS) / 1000;
  const [first, end] = [readTimeOfDay(from), readTimeOfDay(to)];
  const beginsOn = (one: number) => !weekdays || weekdays.includes(WEEKDAYS[weekdayOf(one)]!);
  if (first < end) return second >= first && second < end && beginsOn(day);
  return (second >= first && beginsOn(day)) || (second < end && beginsOn(day - 1));
}
