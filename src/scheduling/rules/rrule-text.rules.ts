import { calendarDay, dayOf, WEEKDAYS, weekdayOf } from './calendar-day.rules.js';
import { type Frequency, type NthWeekday, type Recurrence, type Step } from './recurrence.rules.js';

/** A recurrence rule that is not RFC 5545's, or is more than we do; the message says what to write. */
export class RruleError extends Error {
  override readonly name = 'RruleError';
}

const FREQUENCIES: readonly string[] = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] satisfies Frequency[];
/** Every so often within days. */
const STEPS: Readonly<Record<string, Step['unit']>> = { HOURLY: 'hour', MINUTELY: 'minute' };
const PARTS = [
  ...['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYMONTH', 'BYWEEKNO', 'BYYEARDAY', 'BYMONTHDAY'],
  ...['BYDAY', 'BYHOUR', 'BYMINUTE', 'BYSECOND', 'BYSETPOS'],
];
const LARGEST_INTERVAL = 1_000;
/** The last time is found by counting from the first, once for as long as the rule is remembered. */
const LARGEST_COUNT = 10_000;
/** One for every minute of a day. */
const MOST_TIMES = 1_440;
/** With BYSETPOS all times of a period are laid out before any is chosen: five a day for a year. */
const MOST_CHOSEN_AMONG = 2_000;
const MOST_DAYS: Readonly<Record<Frequency, number>> = { DAILY: 1, WEEKLY: 7, MONTHLY: 31, YEARLY: 366 };

/**
 * Reads the value of RFC 5545's RRULE, such as `FREQ=MONTHLY;BYDAY=2TU`. What it leaves open comes from the start, as the
 * RFC says: weekday, day, month and time.
 *
 * @param startMs the first time on the zone's clocks
 * @throws RruleError
 */
export function readRrule(text: string, startMs: number): Recurrence {
  const parts = readParts(text);
  const given = parts.get('FREQ');
  if (given === undefined) throw new RruleError('FREQ is missing; begin with FREQ=DAILY or another.');
  const unit = Object.hasOwn(STEPS, given) ? STEPS[given] : undefined;
  const frequency = unit ? 'DAILY' : given;
  if (!isFrequency(frequency)) {
    const known = [...Object.keys(STEPS), ...FREQUENCIES].join(', ');
    throw new RruleError(`FREQ is ${known}; for seconds take an interval rule.`);
  }
  if (parts.has('COUNT') && parts.has('UNTIL')) throw new RruleError('A rule has COUNT or UNTIL, not both.');
  const list = (name: string, lowest: number, highest: number) =>
    readNumbers(name, parts.get(name), lowest, highest);
  const one = (name: string, highest: number) => {
    const [number, ...more] = list(name, 1, highest);
    if (more.length > 0) throw new RruleError(`${name} is one number, not several.`);
    return number;
  };
  const interval = one('INTERVAL', LARGEST_INTERVAL) ?? 1;
  const read = {
    frequency,
    interval: unit ? 1 : interval,
    step: unit ? { unit, interval } : null,
    startMs,
    weekStart: readWeekday(parts.get('WKST') ?? 'MO'),
    months: list('BYMONTH', 1, 12),
    weekNumbers: list('BYWEEKNO', -53, 53),
    daysOfYear: list('BYYEARDAY', -366, 366),
    daysOfMonth: list('BYMONTHDAY', -31, 31),
    keepsInMonth: false,
    weekdays: (parts.get('BYDAY')?.split(',') ?? []).map(readNthWeekday),
    positions: list('BYSETPOS', -366, 366),
    times: timesOf(list, startMs, unit),
    ...readUntil(parts.get('UNTIL')),
    notBeforeMs: null,
    count: one('COUNT', LARGEST_COUNT) ?? null,
  };
  assertFits(read);
  return fillFromStart(read);
}

function readParts(text: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of text
    .trim()
    .replace(/^RRULE:/i, '')
    .toUpperCase()
    .split(';')) {
    const [name = '', value = '', ...rest] = part.split('=');
    if (!PARTS.includes(name) || value === '' || rest.length > 0)
      throw new RruleError(`"${part}" is no part of a rule; write such as FREQ=MONTHLY;BYDAY=2TU.`);
    if (parts.has(name)) throw new RruleError(`${name} stands twice; name it once.`);
    parts.set(name, value);
  }
  return parts;
}

const isFrequency = (text: string): text is Frequency => FREQUENCIES.includes(text);

function readNumbers(name: string, text: string | undefined, lowest: number, highest: number): number[] {
  const numbers = (text?.split(',') ?? []).map((one) => {
    const number = /^[+-]?\d{1,5}$/.test(one) ? Number(one) : NaN;
    const isIn = number >= lowest && number <= highest && !(lowest < 0 && number === 0);
    if (!isIn) throw new RruleError(`${name} has "${one}"; it goes from ${lowest} to ${highest}.`);
    return number;
  });
  return [...new Set(numbers)];
}

function readWeekday(text: string): number {
  const weekday = (WEEKDAYS as readonly string[]).indexOf(text);
  if (weekday < 0) throw new RruleError(`"${text}" is no weekday; write ${WEEKDAYS.join(', ')}.`);
  return weekday;
}

function readNthWeekday(text: string): NthWeekday {
  const [, sign = '', nth, weekday = ''] = /^([+-]?)(\d{1,2})?([A-Z]{2})$/.exec(text) ?? [];
  const number = nth === undefined ? null : Number(`${sign}${nth}`);
  if (number === 0 || (number !== null && Math.abs(number) > 53))
    throw new RruleError(`BYDAY has "${text}"; the number goes from -53 to 53 without 0.`);
  return { weekday: readWeekday(weekday || text), nth: number };
}

function timesOf(
  list: (name: string, lowest: number, highest: number) => number[],
  startMs: number,
  unit: Step['unit'] | undefined,
): number[] {
  const start = new Date(startMs);
  const orStart = (given: number[], own: number) => (given.length > 0 ? given : [own]);
  const orAll = (given: number[], count: number) =>
    given.length > 0 ? given : Array.from({ length: count }, (_, n) => n);
  const givenHours = list('BYHOUR', 0, 23);
  const givenMinutes = list('BYMINUTE', 0, 59);
  const hours = unit ? orAll(givenHours, 24) : orStart(givenHours, start.getUTCHours());
  const minutes = unit === 'minute' ? orAll(givenMinutes, 60) : orStart(givenMinutes, start.getUTCMinutes());
  const seconds = orStart(list('BYSECOND', 0, 59), start.getUTCSeconds());
  if (hours.length * minutes.length * seconds.length > MOST_TIMES)
    throw new RruleError(`The rule has more than ${MOST_TIMES} times a day; take an interval rule.`);
  return hours
    .flatMap((hour) =>
      minutes.flatMap((minute) => seconds.map((second) => (hour * 60 + minute) * 60 + second)),
    )
    .sort((one, other) => one - other);
}

/** UNTIL is an instant with a Z, else on the zone's clocks; a day alone counts to its end. */
function readUntil(text: string | undefined): Pick<Recurrence, 'lastMs' | 'notAfterMs'> {
  if (text === undefined) return { lastMs: null, notAfterMs: null };
  const [, year, month, day, hour, minute, second, zulu] =
    /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?$/.exec(text) ?? [];
  const time = hour === undefined ? '23:59:59' : `${hour}:${minute}:${second}`;
  const untilMs = Date.parse(`${year}-${month}-${day}T${time}Z`);
  if (Number.isNaN(untilMs) || new Date(untilMs).getUTCDate() !== Number(day))
    throw new RruleError(`UNTIL has "${text}"; write such as 20271231 or 20271231T235959Z.`);
  return zulu ? { lastMs: null, notAfterMs: untilMs } : { lastMs: untilMs, notAfterMs: null };
}

/** What RFC 5545 says must not be together. */
function assertFits({
  frequency,
  weekNumbers,
  daysOfYear,
  daysOfMonth,
  weekdays,
  ...rest
}: Recurrence): void {
  if (rest.positions.length > 0 && MOST_DAYS[frequency] * rest.times.length > MOST_CHOSEN_AMONG)
    throw new RruleError(
      `BYSETPOS chooses among the times of ${frequency === 'YEARLY' ? 'a whole year' : 'a whole period'}, and these could be more than ${MOST_CHOSEN_AMONG}; name fewer hours and minutes.`,
    );
  const refuse = (isWrong: boolean, why: string) => {
    if (isWrong) throw new RruleError(why);
  };
  refuse(weekNumbers.length > 0 && frequency !== 'YEARLY', 'BYWEEKNO goes with FREQ=YEARLY alone.');
  refuse(daysOfYear.length > 0 && frequency !== 'YEARLY', 'BYYEARDAY goes with FREQ=YEARLY alone.');
  refuse(daysOfMonth.length > 0 && frequency === 'WEEKLY', 'BYMONTHDAY does not go with FREQ=WEEKLY.');
  const isNumbered = weekdays.some(({ nth }) => nth !== null);
  refuse(
    isNumbered && (frequency === 'DAILY' || frequency === 'WEEKLY' || weekNumbers.length > 0),
    'A number in BYDAY, such as 2TU, goes with FREQ=MONTHLY or YEARLY, and not with BYWEEKNO.',
  );
  refuse(
    rest.step !== null && rest.positions.length > 0,
    'BYSETPOS does not go with FREQ=HOURLY or MINUTELY.',
  );
  refuse(
    rest.step !== null && rest.count !== null,
    'COUNT does not go with FREQ=HOURLY or MINUTELY, whose times may come twice; take maxRuns.',
  );
  const others = [weekNumbers, daysOfYear, daysOfMonth, weekdays, rest.months];
  refuse(
    rest.positions.length > 0 && others.every((one) => one.length === 0),
    'BYSETPOS picks from what another part allows, such as BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1.',
  );
}

function fillFromStart(rule: Recurrence): Recurrence {
  const names = ['weekNumbers', 'daysOfYear', 'daysOfMonth', 'weekdays'] as const;
  if (names.some((name) => rule[name].length > 0)) return rule;
  const day = dayOf(rule.startMs);
  const { month, dayOfMonth } = calendarDay(day);
  switch (rule.frequency) {
    case 'DAILY':
      return rule;
    case 'WEEKLY':
      return { ...rule, weekdays: [{ weekday: weekdayOf(day), nth: null }] };
    case 'MONTHLY':
      return { ...rule, daysOfMonth: [dayOfMonth] };
    case 'YEARLY':
      return {
        ...rule,
        daysOfMonth: [dayOfMonth],
        months: rule.months.length > 0 ? rule.months : [month],
      };
  }
}

/** The second of the day that `09:30` or `09:30:15` says. */
export function readTimeOfDay(written: string): number {
  const [hour = NaN, minute = NaN, second = 0] = written.split(':').map(Number);
  return (hour * 60 + minute) * 60 + second;
}
