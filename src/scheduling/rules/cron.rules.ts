import { Cron } from 'croner';
import { DAY_MS, dayOf } from './calendar-day.rules.js';
import { type WallPattern } from './wall-pattern.rules.js';

/** Different lines are few, and nobody fills this with more than it takes. */
const LINES_KEPT = 5_000;
const DAYS_KEPT = 50_000;
const lines = new Map<string, WallPattern>();
const nextDays = new Map<string, number | null>();

/**
 * A cron line as times on clocks. Lines with wildcards or steps in second, minute or hour mean every so often, the others
 * fixed times.
 *
 * @throws what croner throws for a line that it doesn't know
 */
export function patternOfCron(expression: string): WallPattern {
  const kept = lines.get(expression);
  if (kept) return kept;
  const made = readLine(expression);
  if (lines.size >= LINES_KEPT) lines.clear();
  lines.set(expression, made);
  return made;
}

/** What is wrong with a cron line, in words for people. */
export function findCronProblem(expression: string): string | undefined {
  if (/[?@]/.test(expression))
    return 'Write five or six fields, such as 0 9 * * MON-FRI; "?" and names such as @daily are not taken.';
  try {
    patternOfCron(expression);
    return undefined;
  } catch (error) {
    const detail = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return `The cron line can't be read: ${detail} Write minute hour day month weekday, such as 0 9 * * MON-FRI.`;
  }
}

/** The fields of a line, the seconds among them. */
export function fieldsOfCron(expression: string): string[] {
  const fields = expression.trim().split(/\s+/);
  return fields.length === 5 ? ['0', ...fields] : fields;
}

function readLine(expression: string): WallPattern {
  new Cron(expression, { paused: true, mode: '5-or-6-parts' });
  const [second = '', minute = '', hour = '', ...days] = fieldsOfCron(expression);
  const hours = numbersOf(hour, 24);
  const minutes = numbersOf(minute, 60);
  const seconds = numbersOf(second, 60);
  const line = days.join(' ');
  const isEveryDay = line === '* * *';
  const nextDay = (day: number) => (isEveryDay ? day : findDay(line, day));
  return {
    comesTwice: /[*/]/.test(`${second}${minute}${hour}`),
    nextWall(afterMs) {
      const today = dayOf(afterMs);
      const time = nextTime([hours, minutes, seconds], Math.floor((afterMs - today * DAY_MS) / 1000) + 1);
      const day = nextDay(time === null ? today + 1 : today);
      if (day === null) return null;
      const first = hours[0]! * 3600 + minutes[0]! * 60 + seconds[0]!;
      return day * DAY_MS + (day === today && time !== null ? time : first) * 1000;
    },
  };
}

/** The first day from one on that croner finds for the day, month and weekday of a line. */
function findDay(line: string, from: number): number | null {
  const key = `${from} ${line}`;
  const kept = nextDays.get(key);
  if (kept !== undefined) return kept;
  const cron = new Cron(`0 0 0 ${line}`, { paused: true, timezone: 'UTC' });
  // croner looks strictly after.
  const found = cron.nextRun(new Date(from * DAY_MS - 1000));
  const day = found === null ? null : dayOf(found.getTime());
  if (nextDays.size >= DAYS_KEPT) nextDays.clear();
  nextDays.set(key, day);
  return day;
}

/** The first second of the day from one on whose hour, minute and second are all allowed; null when the day is over. */
function nextTime(
  [hours, minutes, seconds]: readonly [number[], number[], number[]],
  from: number,
): number | null {
  const [fromHour, fromMinute, fromSecond] = [Math.floor(from / 3600), Math.floor(from / 60) % 60, from % 60];
  for (const hour of hours) {
    if (hour < fromHour) continue;
    const isSameHour = hour === fromHour;
    for (const minute of minutes) {
      if (isSameHour && minute < fromMinute) continue;
      const isSameMinute = isSameHour && minute === fromMinute;
      const second = isSameMinute ? seconds.find((one) => one >= fromSecond) : seconds[0];
      if (second !== undefined) return hour * 3600 + minute * 60 + second;
    }
  }
  return null;
}

/** A field of a line that croner has accepted: `*`, `5`, `1-4`, `1,3`, each perhaps with a step. */
function numbersOf(field: string, count: number): number[] {
  const numbers = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/');
    const [first = '', last] = range === '*' || range === '' ? ['0', String(count - 1)] : range.split('-');
    const end = last ?? (part.includes('/') ? String(count - 1) : first);
    for (let number = Number(first); number <= Number(end); number += Number(step)) numbers.add(number);
  }
  return [...numbers].sort((one, other) => one - other);
}
