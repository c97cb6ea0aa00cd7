import { type Within } from '../../../src/scheduling/schedule-rule.dto.js';
import { dateOf, DAY_NAMES, writeDate } from '../../oracle/calendar-dates.js';
import { type Plan } from '../../oracle/due-times.js';
import { type ClockChange } from '../../oracle/zone-clocks.js';

const MINUTE_MS = 60_000;
const CRON_WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const CRON_MONTHS = ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

export interface AimedPlan extends Plan {
  /** How far to look before and after the change; what is due every second is looked at shortly. */
  readonly reachMinutes: number;
}
export const LONGEST_REACH_MINUTES = 26 * 60;

/** A minute on clocks, in the spellings in which rules have it. */
class Moment {
  readonly at: string;
  readonly time: string;
  readonly day: string;
  readonly hour: number;
  readonly minute: number;
  readonly date;

  constructor(readonly clockMinute: number) {
    this.at = new Date(clockMinute * MINUTE_MS).toISOString().slice(0, 16);
    [this.day, this.time] = [this.at.slice(0, 10), this.at.slice(11)];
    this.hour = Number(this.time.slice(0, 2));
    this.minute = Number(this.time.slice(3));
    this.date = dateOf(Math.floor(clockMinute / 1440));
  }

  /** As cron has it, and as RFC 5545 has it. */
  get cron(): string {
    return `${this.minute} ${this.hour}`;
  }
  get by(): string {
    return `BYHOUR=${this.hour};BYMINUTE=${this.minute}`;
  }
  get compact(): string {
    return this.at.replace(/[-:]/g, '');
  }
  get weekday() {
    return DAY_NAMES[this.date.weekday]! as NonNullable<Within['weekdays']>[number];
  }
  dayPlus(days: number): string {
    return writeDate(this.date.day + days);
  }
}

/** The moments that a change makes odd, and those beside them. */
function momentsOf({ fromMinute, toMinute }: ClockChange) {
  const [low, high] = [Math.min(fromMinute, toMinute), Math.max(fromMinute, toMinute)];
  const moment = (minute: number) => new Moment(minute);
  return {
    eve: moment(low - 5),
    first: moment(low),
    early: moment(low + 15),
    late: moment(high - 15),
    last: moment(high - 1),
    end: moment(high),
    soon: moment(high + 10),
    noon: moment((Math.floor(high / 1440) + 0.5) * 1440),
  };
}

/** About 220 rules of all kinds that are due near a change of clocks, many of them just where it makes times odd. */
export function aimPlans(change: ClockChange): AimedPlan[] {
  const moments = momentsOf(change);
  const { year } = moments.early.date;
  const leapYear = year - (year % 4) - 8;
  const around = {
    ...moments,
    change,
    all: Object.values(moments),
    leapYear,
    since: `${leapYear + 2}-01-01`,
  };
  return [
    ...onceAndIntervals(around),
    ...calendars(around),
    ...fixedLines(around),
    ...linesOfEverySoOften(around),
    ...recurrences(around),
    ...recurrencesFromAStart(around),
    ...recurrencesOfEverySoOften(around),
    ...bounded(around),
  ].map((plan) => ({ reachMinutes: LONGEST_REACH_MINUTES, ...plan }));
}

interface Around extends ReturnType<typeof momentsOf> {
  readonly change: ClockChange;
  readonly all: readonly Moment[];
  /** Long before, and a day two years after it: what rules are counted from. */
  readonly leapYear: number;
  readonly since: string;
}
type Aimed = Plan & { readonly reachMinutes?: number };

const cron = (expression: string, more: Omit<Aimed, 'rule'> = {}): Aimed => ({
  rule: { kind: 'cron', expression },
  ...more,
});
const rrule = (rule: string, startAt: string, more: Omit<Aimed, 'rule'> = {}): Aimed => ({
  rule: { kind: 'rrule', rule, startAt },
  ...more,
});
const instant = (change: ClockChange, minutes: number): string =>
  new Date(change.atMs + minutes * MINUTE_MS).toISOString().replace('.000', '');
const compactInstant = (change: ClockChange, minutes: number): string =>
  instant(change, minutes).replace(/[-:]/g, '');

function onceAndIntervals({ change, all, first, early, late, end }: Around): Aimed[] {
  const every = (everySeconds: number, startAt: string, more: object = {}): Aimed => ({
    rule: { kind: 'interval', everySeconds, startAt, ...more },
  });
  return [
    ...all.map(({ at }): Aimed => ({ rule: { kind: 'once', at } })),
    { rule: { kind: 'once', at: `${early.at}:30` } },
    ...[-30, 0, 30].map((minutes): Aimed => ({ rule: { kind: 'once', at: instant(change, minutes) } })),
    { rule: { kind: 'once', at: instant(change, 75).replace('Z', '+00:00') } },
    ...[first, early, late, end].map(({ at }) => every(86_400, at)),
    every(5_400, instant(change, -3 * 1440)),
    every(900, early.at),
    every(604_800, instant(change, -7 * 1440)),
    { ...every(90, instant(change, -2000)), reachMinutes: 180 },
    { ...every(7, late.at), reachMinutes: 10 },
    every(3_600, instant(change, -600), { endAt: early.at }),
    every(1_800, instant(change, -600), { endAt: late.at }),
    every(43_200, instant(change, -1440 * 400)),
  ];
}

function calendars({ all, first, early, late, end, noon, leapYear, since }: Around): Aimed[] {
  const calendar = (
    unit: 'day' | 'week' | 'month' | 'year',
    times: string[],
    startOn: string,
    more = {},
  ): Aimed => ({
    rule: { kind: 'calendar', unit, times, startOn, ...more },
  });
  const inYear = (moment: Moment): string => `${leapYear}${moment.day.slice(4)}`;
  return [
    ...all.map(({ time }) => calendar('day', [time], since)),
    ...[early, late].flatMap((one) => [
      calendar('day', [one.time], one.dayPlus(-2), { every: 2 }),
      calendar('week', [one.time], since, { weekdays: [one.weekday] }),
      calendar('week', [one.time], one.dayPlus(-14), { every: 2 }),
      calendar('week', [one.time], one.dayPlus(-21), { every: 3, weekdays: ['MO', one.weekday] }),
      calendar('month', [one.time], inYear(one)),
      calendar('month', [one.time], inYear(one), { every: 6 }),
      calendar('year', [one.time], inYear(one)),
      calendar('year', [`${one.time}:59`], one.day),
    ]),
    calendar('week', [first.time, end.time], since, { weekdays: ['MO', 'TU', 'WE', 'TH', 'FR'] }),
    calendar('day', [noon.time, late.time, early.time], since),
    calendar('day', [early.time, `${early.time}:30`, late.time], early.day),
    calendar('month', [early.time], `${leapYear + 1}-01-31`),
    calendar('month', [first.time], `${leapYear + 1}-08-31`, { every: 1 }),
    calendar('year', [early.time], `${leapYear}-02-29`),
    calendar('day', ['00:00'], since),
    calendar('day', ['23:59', '00:01'], since, { every: 1 }),
  ];
}

function fixedLines({ all, first, early, late, last, end, soon }: Around): Aimed[] {
  const { date } = early;
  const day = date.dayOfMonth;
  const nth = Math.ceil(day / 7);
  const name = CRON_WEEKDAYS[date.weekday]!;
  const month = CRON_MONTHS[date.month]!;
  return [
    ...all.map((one) => cron(`${one.cron} * * *`)),
    ...[early, late, last].map((one) => cron(`30 ${one.cron} * * *`)),
    ...[first, early, late, end].map((one) => cron(`${one.cron} * * ${one.date.weekday}`)),
    cron(`${early.cron} * * ${name}`),
    cron(`${early.cron} * * ${date.weekday === 0 ? 7 : date.weekday}`),
    cron(`${late.cron} * * MON-FRI`),
    cron(`${late.cron} * * SAT,SUN`),
    cron(`${early.cron} ${day} ${date.month} *`),
    cron(`${late.cron} ${day} ${month} *`),
    cron(`${end.cron} ${end.date.dayOfMonth} * *`),
    cron(`${early.minute},${late.minute} ${early.hour} * * *`),
    cron(`${early.minute} ${early.hour},${end.hour},${soon.hour} * * *`),
    cron(`${late.minute} 0-23 * * *`),
    cron(`0,15,30,45 ${early.hour} * * *`),
    cron(`0-59 ${early.hour} * * *`),
    cron(`0,30 0-59 ${late.hour} * * *`, { reachMinutes: 120 }),
    cron(`${early.cron} L * *`),
    cron(`${late.cron} ${day},L * *`),
    cron(`${early.cron} LW * *`),
    cron(`${early.cron} ${day}W * *`),
    cron(`${first.cron} ${Math.min(day + 1, 28)}W * *`),
    cron(`${early.cron} * * ${name}#${nth}`),
    cron(`${late.cron} * ${month} ${date.weekday}#${nth}`),
    cron(`${early.cron} * * ${name}#L`),
    cron(`${late.cron} * * ${date.weekday}L`),
    cron(`${early.cron} ${day} * MON`),
    cron(`${early.cron} 1-7 * +${name}`),
    cron(`${early.cron} ${day > 2 ? day - 2 : day}-31 * +${name}`),
    cron(`${early.cron} */2 * *`),
    cron(`${late.cron} * */2 *`),
  ];
}

function linesOfEverySoOften({ first, early, late, end }: Around): Aimed[] {
  const { date } = early;
  return [
    cron('*/5 * * * *', { reachMinutes: 360 }),
    cron('* * * * *', { reachMinutes: 130 }),
    cron('*/7 * * * *', { reachMinutes: 360 }),
    cron('*/15 * * * *'),
    cron('*/30 * * * *'),
    cron('0 * * * *'),
    cron('7 * * * *'),
    cron(`${late.minute} * * * *`),
    cron('15,45 * * * *'),
    cron('30 */2 * * *'),
    cron('0 */3 * * *'),
    cron(`${early.minute} */1 * * *`),
    cron(`*/20 ${early.hour} * * *`),
    cron(`*/20 ${end.hour} * * *`),
    cron(`* ${late.hour} * * *`, { reachMinutes: 240 }),
    cron(`10-50/20 ${first.hour},${end.hour} * * *`),
    cron(`${early.minute} 0-23/2 * * *`),
    cron(`*/30 ${early.cron} * * *`),
    cron(`*/20 ${late.minute} * * * *`),
    cron('15 */10 * * * *', { reachMinutes: 360 }),
    cron('* * * * * *', { reachMinutes: 1 }),
    cron('*/20 * * * * *', { reachMinutes: 65 }),
    cron('0-30/10 * * * *', { reachMinutes: 360 }),
    cron(`*/30 * * * ${CRON_WEEKDAYS[date.weekday]}`),
    cron(`*/15 * ${date.dayOfMonth} * *`),
    cron(`0 * * ${date.month} +${date.weekday}`),
  ];
}

function recurrences({ all, early, late, noon, since }: Around): Aimed[] {
  const { date } = early;
  const { dayOfMonth: day, month, year } = date;
  const lengthOfMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const [nth, nthFromEnd] = [Math.ceil(day / 7), -Math.ceil((lengthOfMonth - day + 1) / 7)];
  const dayOfYear = date.day - Date.UTC(year, 0, 0) / 86_400_000;
  const daysInYear = Date.UTC(year, 11, 31) / 86_400_000 - Date.UTC(year, 0, 0) / 86_400_000;
  const [weekday, start] = [early.weekday, `${since}T09:00`];
  const working = 'BYDAY=MO,TU,WE,TH,FR';
  const week = Math.ceil(dayOfYear / 7);
  return [
    ...all.map(({ by }) => rrule(`FREQ=DAILY;${by}`, start)),
    rrule(`FREQ=DAILY;INTERVAL=2;${early.by}`, `${early.dayPlus(-2)}T00:00`),
    rrule(`FREQ=DAILY;INTERVAL=3;${late.by}`, `${late.dayPlus(-3)}T00:00`),
    rrule(`FREQ=DAILY;BYHOUR=${early.hour},12,${late.hour};BYMINUTE=0,${early.minute}`, start),
    rrule(`FREQ=DAILY;BYSECOND=0,20,59;${late.by}`, start),
    rrule(`FREQ=DAILY;BYMONTH=${month};BYMONTHDAY=${day};${early.by}`, start),
    rrule(`FREQ=DAILY;BYDAY=${weekday};BYHOUR=${early.hour},${noon.hour};BYMINUTE=15,45;BYSETPOS=1`, start),
    rrule(`FREQ=WEEKLY;BYDAY=${weekday};${early.by}`, start),
    rrule(`FREQ=WEEKLY;BYDAY=MO,${weekday};${late.by}`, start),
    rrule(`FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=${weekday},TH;${early.by}`, `${early.dayPlus(-14)}T00:00`),
    rrule(`FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=SU,MO;${early.by}`, `${early.dayPlus(-13)}T00:00`),
    rrule(`FREQ=WEEKLY;INTERVAL=3;BYDAY=${weekday};${late.by}`, `${late.dayPlus(-21)}T00:00`),
    rrule(`FREQ=WEEKLY;BYDAY=MO,WE,FR,SA,SU;BYSETPOS=-1;${early.by}`, start),
    rrule(`FREQ=MONTHLY;BYMONTHDAY=${day};${early.by}`, start),
    rrule(`FREQ=MONTHLY;BYMONTHDAY=1,${day};${late.by}`, start),
    rrule(`FREQ=MONTHLY;BYMONTHDAY=${day - lengthOfMonth - 1};${early.by}`, start),
    rrule(`FREQ=MONTHLY;BYDAY=${nth}${weekday};${early.by}`, start),
    rrule(`FREQ=MONTHLY;BYDAY=+${nth}${weekday};${late.by}`, start),
    rrule(`FREQ=MONTHLY;BYDAY=${nthFromEnd}${weekday};${early.by}`, start),
    rrule(`FREQ=MONTHLY;BYDAY=${weekday};BYMONTHDAY=${day};${early.by}`, start),
    rrule(`FREQ=MONTHLY;${working};BYSETPOS=-1;${early.by}`, start),
    rrule(`FREQ=MONTHLY;BYDAY=${weekday};BYSETPOS=${nth};${late.by}`, start),
    rrule(`FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1,-1;${early.by}`, start),
    rrule(
      `FREQ=MONTHLY;INTERVAL=2;BYDAY=${weekday};BYSETPOS=${nthFromEnd};${early.by}`,
      `${year - 2}-${early.day.slice(5, 7)}-01T00:00`,
    ),
    rrule(`FREQ=YEARLY;BYMONTH=${month};BYMONTHDAY=${day};${early.by}`, start),
    rrule(`FREQ=YEARLY;BYMONTH=${month};BYDAY=${nthFromEnd}${weekday};${late.by}`, start),
    rrule(`FREQ=YEARLY;BYYEARDAY=${dayOfYear};${early.by}`, start),
    rrule(`FREQ=YEARLY;BYYEARDAY=${dayOfYear - daysInYear - 1};${late.by}`, start),
    rrule(`FREQ=YEARLY;BYWEEKNO=${week},${Math.min(week + 1, 53)};BYDAY=${weekday};${early.by}`, start),
    rrule(
      `FREQ=YEARLY;BYWEEKNO=${-Math.ceil((daysInYear - dayOfYear + 1) / 7)};BYDAY=SA,SU,MO;${late.by}`,
      start,
    ),
    rrule(`FREQ=YEARLY;BYDAY=${week}${weekday};${early.by}`, start),
    rrule(`FREQ=YEARLY;BYMONTH=${month};${working};BYSETPOS=1,-1;${early.by}`, start),
    rrule(`FREQ=YEARLY;INTERVAL=2;BYMONTH=${month};BYDAY=${weekday};${early.by}`, `${year - 2}-01-01T00:00`),
  ];
}

function recurrencesFromAStart({ change, early, late, end, first, leapYear }: Around): Aimed[] {
  const daysBefore = (moment: Moment, days: number): string => `${moment.dayPlus(-days)}T${moment.time}`;
  return [
    // What the rule leaves open comes from the start.
    rrule('FREQ=DAILY', daysBefore(early, 30)),
    rrule('FREQ=WEEKLY', daysBefore(early, 7)),
    rrule('FREQ=MONTHLY', `${leapYear}${early.at.slice(4)}`),
    rrule('FREQ=YEARLY', `${leapYear}${late.at.slice(4)}`),
    ...[first, early, late, end].map(({ at }) => rrule('FREQ=DAILY', at)),
    rrule('FREQ=HOURLY', early.at),
    ...[-30, 0, 30].flatMap((minutes) => [
      rrule('FREQ=DAILY', instant(change, minutes)),
      rrule('FREQ=MINUTELY;INTERVAL=30', instant(change, minutes)),
    ]),
    ...[-30, -1, 0, 30].flatMap((minutes) => [
      rrule(`FREQ=DAILY;UNTIL=${compactInstant(change, minutes)}`, daysBefore(early, 9)),
      rrule(`FREQ=HOURLY;BYMINUTE=0,45;UNTIL=${compactInstant(change, minutes)}`, daysBefore(early, 9)),
    ]),
    ...[early, late, end].flatMap((one) => [
      rrule(`FREQ=DAILY;UNTIL=${one.compact}00`, daysBefore(early, 9)),
      rrule(`FREQ=HOURLY;UNTIL=${one.compact}00`, daysBefore(early, 9)),
    ]),
    rrule(`FREQ=DAILY;UNTIL=${early.compact.slice(0, 8)}`, daysBefore(late, 3)),
    rrule('FREQ=DAILY;COUNT=10', daysBefore(early, 9)),
    rrule('FREQ=DAILY;COUNT=9', daysBefore(late, 9)),
    rrule(`FREQ=WEEKLY;COUNT=3;BYDAY=${early.weekday}`, daysBefore(early, 14)),
    rrule(`FREQ=DAILY;COUNT=2;BYHOUR=${early.hour};BYMINUTE=5,15,45`, `${early.day}T00:00`),
  ];
}

function recurrencesOfEverySoOften({ early, late, end }: Around): Aimed[] {
  const start = `${early.dayPlus(-40)}T00:00`;
  return [
    rrule('FREQ=HOURLY', start),
    rrule('FREQ=HOURLY;BYMINUTE=0,30', start),
    rrule(`FREQ=HOURLY;BYMINUTE=${late.minute}`, start),
    rrule('FREQ=HOURLY;INTERVAL=2;BYMINUTE=30', start),
    rrule('FREQ=HOURLY;INTERVAL=5', start),
    rrule(`FREQ=HOURLY;BYHOUR=${early.hour},${end.hour};BYMINUTE=15`, start),
    rrule(`FREQ=HOURLY;BYDAY=${early.weekday}`, start),
    rrule('FREQ=MINUTELY', start, { reachMinutes: 130 }),
    rrule('FREQ=MINUTELY;INTERVAL=15', start),
    rrule('FREQ=MINUTELY;INTERVAL=90', start),
    rrule('FREQ=MINUTELY;INTERVAL=7', start, { reachMinutes: 360 }),
    rrule(`FREQ=MINUTELY;INTERVAL=10;BYHOUR=${early.hour}`, start),
  ];
}

function bounded({ change, first, early, late, last, end, soon, eve, noon, since }: Around): Aimed[] {
  const [daily, often] = [`${early.cron} * * *`, '*/15 * * * *'];
  const hours = (from: Moment, to: Moment, more: object = {}): Within => ({
    from: from.time,
    to: to.time,
    ...more,
  });
  const withins = [
    hours(early, soon),
    hours(last, first),
    hours(end, noon),
    hours(noon, early),
    hours(eve, end, { weekdays: [early.weekday] }),
    hours(noon, late, { weekdays: [early.weekday, 'MO'] }),
  ].filter(({ from, to }) => from !== to);
  const at = (minutes: number): Date => new Date(change.atMs + minutes * MINUTE_MS);
  return [
    // Its end keeps short the search for what is never due in its hours.
    ...withins.flatMap((within) => [cron(daily, { within, endsAt: at(2_000) }), cron(often, { within })]),
    rrule('FREQ=HOURLY;BYMINUTE=0,30', `${since}T00:00`, { within: withins[0]! }),
    { rule: { kind: 'interval', everySeconds: 1_800, startAt: instant(change, -1440) }, within: withins[0]! },
    ...[early.day, early.dayPlus(-1), early.dayPlus(1), end.day].flatMap((one) => [
      cron(often, { exceptDates: [one] }),
      cron(`${end.cron} * * *`, { exceptDates: [one, '2011-12-30'] }),
    ]),
    cron('0 0 * * *', { exceptDates: [early.dayPlus(-1)] }),
    ...[-30, -1, 0, 30].flatMap((minutes) => [
      cron(often, { endsAt: at(minutes) }),
      cron(`${early.cron} * * *`, { endsAt: at(minutes) }),
    ]),
    ...[1, 2, 3, 60].map((maxRuns) => cron(often, { maxRuns })),
    cron(`${early.cron} * * *`, { maxRuns: 1 }),
    rrule('FREQ=HOURLY', `${since}T00:00`, { maxRuns: 27 }),
    cron(often, { within: withins[0]!, exceptDates: [early.dayPlus(-1)], endsAt: at(90), maxRuns: 5 }),
    { rule: { kind: 'once', at: early.at }, exceptDates: [early.dayPlus(-1)], within: hours(first, soon) },
  ];
}
