import { type LocalTimeOf } from '../../audience/index.js';
import { type Language } from '../../tenants/index.js';
import { type RuleOf } from '../schedule-rule.dto.js';
import { WEEKDAYS } from './calendar-day.rules.js';
import { describeCron } from './cron-sentence.rules.js';
import { instantOf } from './local-time.rules.js';
import { type Recurrence, type Step } from './recurrence.rules.js';
import { recurrenceOf, type Timing } from './schedule.rules.js';
import { areWorkingDays, joinWords, nameMonth, type Unit, WORDS } from './sentence-words.rules.js';

/** Longer lists are not read, they are counted. */
const LONGEST_LIST = 6;
const UNIT_OF = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', YEARLY: 'year' } as const;
const SECONDS_OF: readonly (readonly [Unit, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/**
 * When a schedule is due, as one sentence for people.
 * @throws UnreadableRuleError and what a rule that the API would not have accepted throws
 */
export function describeTiming(
  timing: Timing,
  { maxRuns, localTimeOf }: { readonly maxRuns: number | null; readonly localTimeOf?: LocalTimeOf | null },
  language: Language,
): string {
  const words = WORDS[language];
  const { rule, timeZone, endsAt, exceptDates, within } = timing;
  const say = (instant: Date) =>
    new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'short', timeZone }).format(instant);
  const parts: string[] = [];
  switch (rule.kind) {
    case 'once':
      parts.push(words.once(say(instantOf(rule.at, timeZone))));
      break;
    case 'interval':
      parts.push(describeInterval(rule, timeZone, language, say));
      break;
    case 'cron':
      parts.push(describeCron(rule.expression, language));
      break;
    default:
      parts.push(...describeRecurrence(rule, timeZone, language));
  }
  const shown = parts.filter(Boolean).join(' ');
  const bounds: string[] = [];
  if (within) {
    const onDays = within.weekdays?.map((one) => words.onWeekday(WEEKDAYS.indexOf(one), null)) ?? [];
    bounds.push(
      [words.within(within.from, within.to), joinWords(language, onDays)].filter(Boolean).join(' '),
    );
  }
  if (exceptDates?.length) bounds.push(describeExceptions(exceptDates, language));
  if (endsAt) bounds.push(words.until(say(endsAt)));
  if (maxRuns !== null) bounds.push(words.times(maxRuns));
  const clocks = localTimeOf ? words.inLocalTimeOf[localTimeOf] : words.inZone(timeZone);
  const sentence = `${[shown, ...bounds].join(', ')} ${clocks}.`;
  return sentence.charAt(0).toLocaleUpperCase(language) + sentence.slice(1);
}

function describeInterval(
  { everySeconds, startAt, endAt }: RuleOf<'interval'>,
  timeZone: string,
  language: Language,
  say: (instant: Date) => string,
): string {
  const words = WORDS[language];
  const [unit, seconds] = SECONDS_OF.find(([, length]) => everySeconds % length === 0)!;
  return [
    words.every(everySeconds / seconds, unit),
    startAt ? words.from(say(instantOf(startAt, timeZone))) : '',
    endAt ? words.until(say(instantOf(endAt, timeZone))) : '',
  ]
    .filter(Boolean)
    .join(' ');
}

function describeExceptions(days: readonly string[], language: Language): string {
  const words = WORDS[language];
  if (days.length > LONGEST_LIST) return words.exceptMany(days.length);
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' });
  return words.except(
    joinWords(
      language,
      days.map((day) => format.format(new Date(day))),
    ),
  );
}

function describeRecurrence(
  rule: RuleOf<'calendar'> | RuleOf<'rrule'>,
  timeZone: string,
  language: Language,
): string[] {
  const words = WORDS[language];
  const recurrence = recurrenceOf(rule, timeZone);
  const days = describeDays(recurrence, language);
  if (days === null && rule.kind === 'rrule') return [words.byLine(rule.rule)];
  const { months, times, count, lastMs, notAfterMs, step } = recurrence;
  const end = lastMs === null ? { ms: notAfterMs, timeZone } : { ms: lastMs, timeZone: 'UTC' };
  const stepTimes = step && describeStepTimes(times, step, language);
  if (step && stepTimes === null && rule.kind === 'rrule') return [words.byLine(rule.rule)];
  const inMonths = joinWords(
    language,
    months.map((month) => nameMonth(language, month)),
  );
  return [
    step
      ? words.every(step.interval, step.unit)
      : words.every(recurrence.interval, UNIT_OF[recurrence.frequency]),
    days ?? '',
    months.length > 0 ? words.inMonth(inMonths) : '',
    stepTimes ?? describeTimes(times, language),
    end.ms === null
      ? ''
      : words.until(
          new Intl.DateTimeFormat(language, {
            dateStyle: 'full',
            timeStyle: 'short',
            timeZone: end.timeZone,
          }).format(end.ms),
        ),
    count === null ? '' : words.times(count),
  ];
}

/** When within its hours a step is due. @returns null for what no short words are known for */
function describeStepTimes(times: readonly number[], { unit }: Step, language: Language): string | null {
  const words = WORDS[language];
  const minutes = [...new Set(times.map((time) => Math.floor(time / 60) % 60))];
  const hours = [...new Set(times.map((time) => Math.floor(time / 3600)))];
  const isLimited = unit === 'minute' && minutes.length < 60;
  const isLong = (list: readonly number[], all: number) => list.length > LONGEST_LIST && list.length < all;
  if (times.some((time) => time % 60 !== 0) || isLimited || isLong(hours, 24) || isLong(minutes, 60))
    return null;
  const say = (list: readonly number[]) => joinWords(language, list.map(String));
  return [
    unit === 'hour' && minutes.length < 60 ? words.atMinute(say(minutes)) : '',
    hours.length < 24 ? words.inHours(say(hours)) : '',
  ]
    .filter(Boolean)
    .join(' ');
}

/** @returns null for what no short words are known for */
function describeDays(recurrence: Recurrence, language: Language): string | null {
  const words = WORDS[language];
  const { weekdays, daysOfMonth, daysOfYear, weekNumbers, positions } = recurrence;
  if (daysOfYear.length > 0 || weekNumbers.length > 0) return null;
  if (positions.length > 0) {
    const isLast =
      positions.join() === '-1' && recurrence.frequency === 'MONTHLY' && recurrence.times.length === 1;
    const isWorking = areWorkingDays(
      weekdays.filter(({ nth }) => nth === null).map(({ weekday }) => weekday),
    );
    return isLast && isWorking && daysOfMonth.length === 0 ? words.onLastWorkingDay : null;
  }
  const on = [
    ...weekdays.map(({ weekday, nth }) => words.onWeekday(weekday, nth)),
    ...daysOfMonth.map((day) => words.onDayOfMonth(day)),
  ];
  // A weekday that is also a day of the month needs an explanation that a list doesn't give.
  const isPlain = weekdays.length === 0 || daysOfMonth.length === 0;
  return isPlain && on.length <= 7 ? joinWords(language, on) : null;
}

function describeTimes(seconds: readonly number[], language: Language): string {
  const written = seconds.map((second) =>
    new Date(second * 1000).toISOString().slice(11, second % 60 === 0 ? 16 : 19),
  );
  const shown =
    written.length > LONGEST_LIST ? [...written.slice(0, LONGEST_LIST - 1), `… ${written.at(-1)}`] : written;
  return WORDS[language].at(joinWords(language, shown));
}
