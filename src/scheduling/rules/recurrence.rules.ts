import {
  calendarDay,
  DAY_MS,
  dayNumber,
  dayOf,
  lengthOfMonth,
  startOfWeek,
  weekdayOf,
} from './calendar-day.rules.js';
import { type WallPattern } from './wall-pattern.rules.js';

/** Nothing is looked for after this year, so a rule that is never due is found out. */
export const LAST_YEAR = 2199;
const LAST_DAY = dayNumber(LAST_YEAR, 12, 31);

export type Frequency = 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';

/** A weekday of RFC 5545: every one, or the nth of the month or year, counted from its end where negative. */
export interface NthWeekday {
  readonly weekday: number;
  readonly nth: number | null;
}

/** Of the times of a day only those in every so many hours or minutes, counted from the start's. */
export interface Step {
  readonly unit: 'hour' | 'minute';
  readonly interval: number;
}
const STEP_MS = { hour: 3_600_000, minute: 60_000 } as const;

/** Days that come again, and the times on them. Empty lists allow everything, as RFC 5545 has it. */
export interface Recurrence {
  readonly frequency: Frequency;
  readonly interval: number;
  /** The first time, from which the periods are counted. */
  readonly startMs: number;
  readonly weekStart: number;
  readonly months: readonly number[];
  readonly weekNumbers: readonly number[];
  readonly daysOfYear: readonly number[];
  /** 1 to 31, or from the end of the month -1 to -31. */
  readonly daysOfMonth: readonly number[];
  /** Whether a day that a short month doesn't have means that month's last. */
  readonly keepsInMonth: boolean;
  readonly weekdays: readonly NthWeekday[];
  /** Which of a period's times, from 1 or from its end -1. */
  readonly positions: readonly number[];
  /** Seconds of the day, in order; at least one. */
  readonly times: readonly number[];
  /** Given for what means every so often, not fixed times. */
  readonly step: Step | null;
  readonly lastMs: number | null;
  /** Instants before and after which nothing is due, where people wrote them as such and not as times on clocks. */
  readonly notBeforeMs: number | null;
  readonly notAfterMs: number | null;
  readonly count: number | null;
}

/** The times of a recurrence on clocks. */
export function patternOfRecurrence(recurrence: Recurrence): WallPattern {
  const endMs = endOf(recurrence);
  const { notBeforeMs, notAfterMs } = recurrence;
  const choose = chooserOf(recurrence);
  return {
    notBeforeMs,
    notAfterMs,
    // Where clocks show an hour twice, every so often goes on.
    comesTwice: recurrence.step !== null,
    nextWall(afterMs) {
      for (const wallMs of timesFrom(recurrence, Math.max(afterMs + 1, recurrence.startMs), choose))
        return wallMs <= endMs ? wallMs : null;
      return null;
    },
  };
}

function endOf({ lastMs, ...recurrence }: Recurrence): number {
  let endMs = lastMs ?? Infinity;
  if (recurrence.count === null) return endMs;
  let left = recurrence.count;
  for (const wallMs of timesFrom(
    { ...recurrence, lastMs },
    recurrence.startMs,
    chooserOf({ ...recurrence, lastMs }),
  )) {
    if (wallMs > endMs || --left > 0) continue;
    endMs = Math.min(endMs, wallMs);
    break;
  }
  return endMs;
}

/** Those of a period's times that its positions name, in order. */
type ChooseTimes = (days: readonly [number, number]) => readonly number[];

/** One period is asked for again and again, by each of its times. */
function chooserOf(recurrence: Recurrence): ChooseTimes {
  const { positions } = recurrence;
  let kept: { firstDay: number; times: readonly number[] } | undefined;
  return (days) => {
    if (kept?.firstDay === days[0]) return kept.times;
    const all = [...timesOnDays(recurrence, days, -Infinity)];
    const times = all.filter((_, n) => positions.includes(n + 1) || positions.includes(n - all.length));
    kept = { firstDay: days[0], times };
    return times;
  };
}

/** All times from one on, in order, to the end of {@link LAST_YEAR}. */
function* timesFrom(recurrence: Recurrence, fromMs: number, choose: ChooseTimes): Generator<number> {
  const { interval, positions } = recurrence;
  const firstPeriod = periodOf(recurrence, dayOf(recurrence.startMs));
  const passed = Math.max(0, periodOf(recurrence, dayOf(fromMs)) - firstPeriod);
  for (let period = firstPeriod + Math.floor(passed / interval) * interval; ; period += interval) {
    const [first, end] = daysOfPeriod(recurrence, period);
    if (first > LAST_DAY) return;
    if (positions.length > 0) {
      for (const wallMs of choose([first, end])) if (wallMs >= fromMs) yield wallMs;
    } else {
      yield* timesOnDays(recurrence, [Math.max(first, dayOf(fromMs)), end], fromMs);
    }
  }
}

function* timesOnDays(
  recurrence: Recurrence,
  [firstDay, endDay]: readonly [number, number],
  fromMs: number,
): Generator<number> {
  for (let day = firstDay; day < endDay; day++) {
    if (!isDayOf(recurrence, day)) continue;
    const { times } = recurrence;
    for (let n = countBelow(times, (fromMs - day * DAY_MS) / 1000); n < times.length; n++) {
      const wallMs = day * DAY_MS + times[n]! * 1000;
      if (isOnStep(recurrence, wallMs)) yield wallMs;
    }
  }
}

/** How many of some numbers in order are less than another. */
function countBelow(ordered: readonly number[], limit: number): number {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ordered[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isOnStep({ step, startMs }: Recurrence, wallMs: number): boolean {
  if (step === null) return true;
  const unitMs = STEP_MS[step.unit];
  return (Math.floor(wallMs / unitMs) - Math.floor(startMs / unitMs)) % step.interval === 0;
}

function periodOf({ frequency, weekStart }: Recurrence, day: number): number {
  const { year, month } = calendarDay(day);
  switch (frequency) {
    case 'DAILY':
      return day;
    case 'WEEKLY':
      return Math.floor((startOfWeek(day, weekStart) + 7) / 7);
    case 'MONTHLY':
      return year * 12 + month - 1;
    case 'YEARLY':
      return year;
  }
}

/** @returns the first day, and the day after the last */
function daysOfPeriod({ frequency, weekStart }: Recurrence, period: number): readonly [number, number] {
  switch (frequency) {
    case 'DAILY':
      return [period, period + 1];
    case 'WEEKLY': {
      const first = startOfWeek(period * 7 - 1, weekStart);
      return [first, first + 7];
    }
    case 'MONTHLY':
      return [firstOfMonth(period), firstOfMonth(period + 1)];
    case 'YEARLY':
      return [dayNumber(period, 1, 1), dayNumber(period + 1, 1, 1)];
  }
}

const firstOfMonth = (period: number): number => dayNumber(Math.floor(period / 12), (period % 12) + 1, 1);

function isDayOf(recurrence: Recurrence, day: number): boolean {
  const { months, weekNumbers, daysOfYear, daysOfMonth, weekdays, keepsInMonth } = recurrence;
  const { year, month, dayOfMonth } = calendarDay(day);
  if (months.length > 0 && !months.includes(month)) return false;
  if (weekdays.length > 0 && !weekdays.some((one) => isNthWeekday(recurrence, one, day))) return false;
  const monthDays = lengthOfMonth(year, month);
  const means = (wanted: number) =>
    wanted < 0
      ? wanted === dayOfMonth - monthDays - 1
      : wanted === dayOfMonth || (keepsInMonth && dayOfMonth === monthDays && wanted > monthDays);
  if (daysOfMonth.length > 0 && !daysOfMonth.some(means)) return false;
  if (daysOfYear.length > 0) {
    const fromStart = day - dayNumber(year, 1, 1) + 1;
    if (!daysOfYear.includes(fromStart) && !daysOfYear.includes(day - dayNumber(year + 1, 1, 1)))
      return false;
  }
  return weekNumbers.length === 0 || isInWeek(recurrence, day);
}

function isNthWeekday(recurrence: Recurrence, { weekday, nth }: NthWeekday, day: number): boolean {
  if (weekdayOf(day) !== weekday) return false;
  if (nth === null) return true;
  const { year, month, dayOfMonth } = calendarDay(day);
  const isOfMonth = recurrence.frequency === 'MONTHLY' || recurrence.months.length > 0;
  const before = isOfMonth ? dayOfMonth - 1 : day - dayNumber(year, 1, 1);
  const after = (isOfMonth ? dayNumber(year, month + 1, 1) : dayNumber(year + 1, 1, 1)) - day - 1;
  return nth > 0 ? Math.floor(before / 7) + 1 === nth : -Math.floor(after / 7) - 1 === nth;
}

/** A week belongs to the year that has at least four of its days. */
function isInWeek({ weekNumbers, weekStart }: Recurrence, day: number): boolean {
  const first = startOfWeek(day, weekStart);
  const { year } = calendarDay(first + 3);
  const firstOfYear = startOfWeek(dayNumber(year, 1, 4), weekStart);
  const firstOfNextYear = startOfWeek(dayNumber(year + 1, 1, 4), weekStart);
  return (
    weekNumbers.includes((first - firstOfYear) / 7 + 1) || weekNumbers.includes((first - firstOfNextYear) / 7)
  );
}
