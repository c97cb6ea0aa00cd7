/** Days are counted from 1 January 1970, which is 0 and was a Thursday. */
export const DAY_MS = 24 * 60 * 60 * 1000;

/** From Sunday (0) to Saturday (6), as RFC 5545 writes them. */
export const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface CalendarDay {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  /** 1 to 31 */
  readonly dayOfMonth: number;
}

export const dayOf = (wallMs: number): number => Math.floor(wallMs / DAY_MS);

/** A month may lie beyond its year: month 13 is January of the next. */
export const dayNumber = (year: number, month: number, dayOfMonth: number): number =>
  Date.UTC(year, month - 1, dayOfMonth) / DAY_MS;

export function calendarDay(day: number): CalendarDay {
  const date = new Date(day * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, dayOfMonth: date.getUTCDate() };
}

/** 0 for Sunday to 6 for Saturday. */
export const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7;

export const lengthOfMonth = (year: number, month: number): number =>
  dayNumber(year, month + 1, 1) - dayNumber(year, month, 1);

/** The first day of the week that a day lies in. @param weekStart 0 for Sunday to 6 for Saturday */
export const startOfWeek = (day: number, weekStart: number): number =>
  day - ((weekdayOf(day) - weekStart + 7) % 7);

/** Written as 2026-03-29. */
export const writeDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
export const readDay = (written: string): number => Date.parse(`${written}T00:00:00Z`) / DAY_MS;
