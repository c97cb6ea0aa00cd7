import { type Language } from '../../tenants/index.js';
import { fieldsOfCron } from './cron.rules.js';
import { joinWords, nameMonth, WORDS, type Words } from './sentence-words.rules.js';

const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTH_NAMES = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const MOST_TIMES = 6;

/** A cron line in words; lines for which there are none are shown as they are. */
export function describeCron(expression: string, language: Language): string {
  const words = WORDS[language];
  const [second = '', minute = '', hour = '', day = '', month = '', weekday = ''] = fieldsOfCron(expression);
  const times = describeTimes({ second, minute, hour }, language);
  const days = describeDays(day, weekday, language);
  const months = readList(month, MONTH_NAMES, 1);
  if (times === null || days === null || months === null) return words.byLine(expression);
  const inMonths =
    months.length > 0
      ? words.inMonth(
          joinWords(
            language,
            months.map((one) => nameMonth(language, one)),
          ),
        )
      : '';
  const isEveryDay = days === '' && inMonths === '' && times.isOfDay;
  return [isEveryDay ? words.every(1, 'day') : '', times.text, days, inMonths].filter(Boolean).join(' ');
}

interface TimeFields {
  readonly second: string;
  readonly minute: string;
  readonly hour: string;
}

/** @returns null where there are no words; `isOfDay` for fixed times */
function describeTimes(
  { second, minute, hour }: TimeFields,
  language: Language,
): { text: string; isOfDay: boolean } | null {
  const words = WORDS[language];
  const often = (text: string) => ({ text, isOfDay: false });
  if (minute === '*' && hour === '*') {
    const step = stepOf(second);
    if (step !== null) return often(words.every(step, 'second'));
    return second === '0' ? often(words.every(1, 'minute')) : null;
  }
  if (second !== '0') return null;
  const minutes = readList(minute, [], 0);
  const hours = readList(hour, [], 0);
  const [minuteStep, hourStep] = [stepOf(minute), stepOf(hour)];
  if (minuteStep !== null && 60 % minuteStep === 0) {
    if (hour === '*') return often(words.every(minuteStep, 'minute'));
    return /^[\d,-]+$/.test(hour)
      ? often(`${words.every(minuteStep, 'minute')} ${words.inHours(hour)}`)
      : null;
  }
  if (minutes === null || minutes.length === 0) return null;
  if (hourStep !== null && 24 % hourStep === 0)
    return often(
      `${words.every(hourStep, 'hour')} ${words.atMinute(joinWords(language, minutes.map(String)))}`,
    );
  if (hours === null || hours.length === 0 || hours.length * minutes.length > MOST_TIMES) return null;
  const two = (number: number) => String(number).padStart(2, '0');
  const times = hours.flatMap((one) => minutes.map((other) => `${two(one)}:${two(other)}`));
  return { text: words.at(joinWords(language, times)), isOfDay: true };
}

/** `*` is a step of one. */
function stepOf(field: string): number | null {
  if (field === '*') return 1;
  const [, step] = /^\*\/(\d+)$/.exec(field) ?? [];
  return step === undefined ? null : Number(step);
}

function describeDays(day: string, weekday: string, language: Language): string | null {
  const words = WORDS[language];
  if (weekday === '*') return describeDayOfMonth(day, words, language);
  if (day !== '*') return null;
  const [, name, nth] = /^(\w+)(?:#(\d|L))$/i.exec(weekday) ?? /^(\d)(L)$/i.exec(weekday) ?? [];
  if (name !== undefined && nth !== undefined) {
    const number = readOne(name, DAY_NAMES, 0);
    return number === null ? null : words.onWeekday(number % 7, /l/i.test(nth) ? -1 : Number(nth));
  }
  const list = readList(weekday, DAY_NAMES, 0);
  if (list === null) return null;
  const weekdays = [...new Set(list.map((one) => one % 7))];
  return joinWords(
    language,
    weekdays.map((one) => words.onWeekday(one, null)),
  );
}

function describeDayOfMonth(day: string, words: Words, language: Language): string | null {
  if (day === '*') return '';
  if (/^L$/i.test(day)) return words.onDayOfMonth(-1);
  if (/^LW$/i.test(day)) return words.onLastWorkingDay;
  const [, nearest] = /^(\d+)W$/i.exec(day) ?? [];
  if (nearest !== undefined) return words.onWorkingDayNearest(Number(nearest));
  const list = readList(day, [], 0);
  return list === null || list.length > 7
    ? null
    : joinWords(
        language,
        list.map((one) => words.onDayOfMonth(one)),
      );
}

/** Numbers and names, and ranges of them; empty for `*`, null for anything else. */
function readList(field: string, names: readonly string[], first: number): number[] | null {
  if (field === '*') return [];
  const numbers: number[] = [];
  for (const part of field.split(',')) {
    const [from = '', to = from, ...rest] = part.split('-');
    const [low, high] = [readOne(from, names, first), readOne(to, names, first)];
    if (low === null || high === null || rest.length > 0) return null;
    for (let number = low; number <= high; number++) numbers.push(number);
  }
  return numbers;
}

function readOne(text: string, names: readonly string[], first: number): number | null {
  const named = names.indexOf(text.toUpperCase());
  if (named >= 0) return named + first;
  return /^\d{1,2}$/.test(text) ? Number(text) : null;
}
