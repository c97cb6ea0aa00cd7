import { type AskedTimes } from './asked-times.js';
import { type CalendarDate, countSameWeekdays, dateOf, isLastOfMonth } from './calendar-dates.js';

const MONTHS = ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const numberOf = (written: string, names: readonly string[]): number =>
  names.includes(written) ? names.indexOf(written) : Number(written);

/** Claims that a field takes a number: `*`, `5`, `1-4`, `1,3`, each perhaps with a step. */
function takes(field: string, number: number, lowest: number, names: readonly string[] = []): boolean {
  return field.split(',').some((part) => {
    const [range = '', step = '1'] = part.split('/');
    const [low = '', high = low] = range === '*' ? [`${lowest}`, '99'] : range.split('-');
    const [first, last] = [numberOf(low, names), numberOf(high, names)];
    return number >= first && number <= last && (number - first) % Number(step) === 0;
  });
}

/** The working day nearest to a day, in the same month. */
function nearestWorkingDay({ day, month, weekday }: CalendarDate): number {
  if (weekday >= 1 && weekday <= 5) return day;
  const [nearest, other] = weekday === 6 ? [day - 1, day + 2] : [day + 1, day - 2];
  return dateOf(nearest).month === month ? nearest : other;
}

function takesDayOfMonth(field: string, date: CalendarDate): boolean {
  return field.split(',').some((part) => {
    if (part === 'L') return isLastOfMonth(date);
    if (part === 'LW') {
      // The last of the working days: none follows in its month.
      if (date.weekday === 0 || date.weekday === 6) return false;
      const following = dateOf(date.day + (date.weekday === 5 ? 3 : 1));
      return following.month !== date.month;
    }
    if (part.endsWith('W')) {
      const wanted = dateOf(date.day - date.dayOfMonth + Number(part.slice(0, -1)));
      return wanted.month === date.month && nearestWorkingDay(wanted) === date.day;
    }
    return takes(part, date.dayOfMonth, 1);
  });
}

function takesWeekday(field: string, date: CalendarDate): boolean {
  return field.split(',').some((part) => {
    const [, name = '', nth] = /^(.+?)(?:#(\d|L)|L)$/.exec(part) ?? [];
    if (name !== '') {
      if (numberOf(name, WEEKDAYS) % 7 !== date.weekday) return false;
      return nth === undefined || nth === 'L'
        ? countSameWeekdays(date, 'month', 1) === 1
        : countSameWeekdays(date, 'month', -1) === Number(nth);
    }
    return takes(part, date.weekday, 0, WEEKDAYS) || (date.weekday === 0 && takes(part, 7, 0, WEEKDAYS));
  });
}

/** What a line asks for; where day of the month and weekday are both said, either will do, or with `+` both are needed. */
export function askedByCron(expression: string): AskedTimes {
  const fields = expression.split(' ');
  if (fields.length === 5) fields.unshift('0');
  const [second = '', minute = '', hour = '', dayOfMonth = '', month = '', weekday = ''] = fields;
  const numbers = (field: string, count: number) =>
    Array.from({ length: count }, (_, n) => n).filter((n) => takes(field, n, 0));
  const [hours, minutes, seconds] = [numbers(hour, 24), numbers(minute, 60), numbers(second, 60)];
  const times = hours.flatMap((h) => minutes.flatMap((m) => seconds.map((s) => (h * 60 + m) * 60 + s)));
  const isOn = (date: CalendarDate): boolean => {
    if (!takes(month, date.month, 1, MONTHS)) return false;
    const isDay = takesDayOfMonth(dayOfMonth, date);
    const isWeekday = takesWeekday(weekday.replace('+', ''), date);
    const isEither = dayOfMonth !== '*' && weekday !== '*' && !weekday.startsWith('+');
    return isEither ? isDay || isWeekday : isDay && isWeekday;
  };
  return {
    isEverySoOften: [second, minute, hour].some((field) => field.includes('*') || field.includes('/')),
    on: (day) => (isOn(dateOf(day)) ? times : []),
  };
}
