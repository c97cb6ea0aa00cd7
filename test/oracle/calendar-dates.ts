/** A day of the calendar, as the oracle reads it from a number of days since 1970-01-01. */
export interface CalendarDate {
  readonly day: number;
  readonly year: number;
  readonly month: number;
  readonly dayOfMonth: number;
  /** 0 for Sunday */
  readonly weekday: number;
}

export const DAY_NAMES = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

export function dateOf(day: number): CalendarDate {
  const date = new Date(day * 86_400_000);
  return {
    day,
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    dayOfMonth: date.getUTCDate(),
    weekday: date.getUTCDay(),
  };
}

/** @param written such as 2026-03-29 */
export const readDate = (written: string): CalendarDate =>
  dateOf(Date.parse(`${written}T00:00Z`) / 86_400_000);
export const writeDate = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

export const isLastOfMonth = ({ day, month }: CalendarDate): boolean => dateOf(day + 1).month !== month;

/** How many days of the same weekday there are from a day on in a direction, in its month or year, itself included. */
export function countSameWeekdays(date: CalendarDate, period: 'month' | 'year', direction: 1 | -1): number {
  let count = 0;
  for (let other = date; other[period] === date[period] && other.year === date.year; count++)
    other = dateOf(other.day + direction * 7);
  return count;
}
