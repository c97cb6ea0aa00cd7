import { type AskedTimes } from './asked-times.js';
import { type CalendarDate, countSameWeekdays, dateOf, DAY_NAMES } from './calendar-dates.js';

const DAY_SECONDS = 86_400;
/** Parts that say on which days; where none of them is there, the start's day counts. */
const DAY_PARTS = ['BYDAY', 'BYMONTHDAY', 'BYYEARDAY', 'BYWEEKNO'];
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** What an RRULE asks for from a second on clocks on. An UNTIL with a Z is an instant, and not judged here. */
export const askedByRrule = (rule: string, startSecond: number): AskedTimes =>
  new AskedRrule(rule, startSecond);

class AskedRrule implements AskedTimes {
  readonly isEverySoOften: boolean;
  private readonly parts: ReadonlyMap<string, string>;
  private readonly frequency: string;
  private readonly interval: number;
  private readonly weekStart: number;
  private readonly start: CalendarDate;
  private readonly times: readonly number[];
  private readonly untilSecond: number;

  constructor(
    rule: string,
    private readonly startSecond: number,
  ) {
    this.parts = new Map(rule.split(';').map((part) => part.split('=') as [string, string]));
    this.frequency = this.parts.get('FREQ') ?? '';
    this.isEverySoOften = this.frequency === 'HOURLY' || this.frequency === 'MINUTELY';
    this.interval = Number(this.parts.get('INTERVAL') ?? 1);
    this.weekStart = DAY_NAMES.indexOf(this.parts.get('WKST') ?? 'MO');
    this.start = dateOf(Math.floor(startSecond / DAY_SECONDS));
    this.times = this.readTimes(startSecond - this.start.day * DAY_SECONDS);
    this.untilSecond = readUntil(this.parts.get('UNTIL') ?? '');
  }

  on(day: number): readonly number[] {
    const count = this.numbers('COUNT')?.[0];
    if (count === undefined) return this.askedOn(day);
    let before = 0;
    for (let passed = this.start.day; passed < day && before < count; passed++)
      before += this.askedOn(passed).length;
    return this.askedOn(day).slice(0, Math.max(0, count - before));
  }

  private askedOn(day: number): number[] {
    const date = dateOf(day);
    if (!this.isInPeriod(date) || !this.isDay(date)) return [];
    const chosen = this.parts.has('BYSETPOS') ? this.chosenOfPeriod(date) : undefined;
    return this.times.filter((time) => {
      const second = day * DAY_SECONDS + time;
      if (second < this.startSecond || second > this.untilSecond) return false;
      return this.isInStep(second) && (!chosen || chosen.includes(second));
    });
  }

  private numbers(name: string): number[] | undefined {
    return this.parts.get(name)?.split(',').map(Number);
  }

  private readTimes(startTime: number): number[] {
    const isMinutely = this.frequency === 'MINUTELY';
    const hours = this.numbers('BYHOUR') ?? (this.isEverySoOften ? upTo(24) : [Math.floor(startTime / 3600)]);
    const minutes = this.numbers('BYMINUTE') ?? (isMinutely ? upTo(60) : [Math.floor(startTime / 60) % 60]);
    const seconds = this.numbers('BYSECOND') ?? [startTime % 60];
    return hours
      .flatMap((h) => minutes.flatMap((m) => seconds.map((s) => (h * 60 + m) * 60 + s)))
      .sort((one, other) => one - other);
  }

  private isInStep(second: number): boolean {
    if (!this.isEverySoOften) return true;
    const unit = this.frequency === 'HOURLY' ? 3600 : 60;
    return (Math.floor(second / unit) - Math.floor(this.startSecond / unit)) % this.interval === 0;
  }

  private periodOf(date: CalendarDate): number {
    if (this.frequency === 'WEEKLY') return Math.floor((date.day - placeInWeek(date, this.weekStart)) / 7);
    if (this.frequency === 'MONTHLY') return date.year * 12 + date.month;
    return this.frequency === 'YEARLY' ? date.year : date.day;
  }

  private isInPeriod(date: CalendarDate): boolean {
    return this.isEverySoOften || (this.periodOf(date) - this.periodOf(this.start)) % this.interval === 0;
  }

  private isDay(date: CalendarDate): boolean {
    const isMonth = this.numbers('BYMONTH')?.includes(date.month);
    if (isMonth === false) return false;
    if (DAY_PARTS.some((name) => this.parts.has(name))) return this.isNamedDay(date);
    if (this.frequency === 'WEEKLY') return date.weekday === this.start.weekday;
    if (this.frequency === 'MONTHLY') return date.dayOfMonth === this.start.dayOfMonth;
    if (this.frequency !== 'YEARLY') return true;
    return date.dayOfMonth === this.start.dayOfMonth && (isMonth ?? date.month === this.start.month);
  }

  private isNamedDay(date: CalendarDate): boolean {
    const isOneOf = (name: string, ...numbers: number[]) =>
      this.numbers(name)?.some((wanted) => numbers.includes(wanted)) ?? true;
    const lengthOfMonth = new Date(Date.UTC(date.year, date.month, 0)).getUTCDate();
    const dayOfYear = date.day - Date.UTC(date.year, 0, 0) / 86_400_000;
    const daysLeft = Date.UTC(date.year + 1, 0, 1) / 86_400_000 - date.day;
    return (
      isOneOf('BYMONTHDAY', date.dayOfMonth, date.dayOfMonth - lengthOfMonth - 1) &&
      isOneOf('BYYEARDAY', dayOfYear, -daysLeft) &&
      (!this.parts.has('BYWEEKNO') || isOneOf('BYWEEKNO', ...weekNumbersOf(date, this.weekStart))) &&
      (this.parts.get('BYDAY')?.split(',') ?? [DAY_NAMES[date.weekday]!]).some((one) =>
        this.isWeekday(one, date),
      )
    );
  }

  /** @param written such as TU, 2TU, -1FR */
  private isWeekday(written: string, date: CalendarDate): boolean {
    if (written.slice(-2) !== DAY_NAMES[date.weekday]) return false;
    const nth = Number(written.slice(0, -2));
    if (nth === 0) return true;
    const period = this.frequency === 'MONTHLY' || this.parts.has('BYMONTH') ? 'month' : 'year';
    return countSameWeekdays(date, period, nth > 0 ? -1 : 1) === Math.abs(nth);
  }

  /** Those of all seconds of a day's period at which BYSETPOS points. */
  private chosenOfPeriod(date: CalendarDate): number[] {
    const period = this.periodOf(date);
    let first = date;
    while (this.periodOf(dateOf(first.day - 1)) === period) first = dateOf(first.day - 1);
    const all: number[] = [];
    for (let one = first; this.periodOf(one) === period; one = dateOf(one.day + 1))
      if (this.isDay(one)) all.push(...this.times.map((time) => one.day * DAY_SECONDS + time));
    return this.numbers('BYSETPOS')!.map((position) => all.at(position > 0 ? position - 1 : position) ?? NaN);
  }
}

/** Which day of its week a day is, 0 for the first. */
const placeInWeek = ({ weekday }: CalendarDate, weekStart: number): number => (weekday - weekStart + 7) % 7;

/** The weeks of a year are those that have four days in it; from its first one 1, 2, …, and from its last one -1, -2, …. */
function weekNumbersOf(date: CalendarDate, weekStart: number): number[] {
  const fourth = date.day - placeInWeek(date, weekStart) + 3;
  const { year } = dateOf(fourth);
  const count = (direction: number): number => {
    let weeks = 0;
    while (dateOf(fourth + direction * weeks * 7).year === year) weeks++;
    return weeks;
  };
  return [count(-1), -count(1)];
}

/** The last second on clocks; a day alone counts to its end. */
function readUntil(until: string): number {
  const [, year, month, day, time = '235959'] = /^(\d{4})(\d\d)(\d\d)(?:T(\d{6}))?$/.exec(until) ?? [];
  if (year === undefined) return Infinity;
  return Date.parse(`${year}-${month}-${day}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`) / 1000;
}
