/*
 * The oracle of the calendar, last part: when a schedule is due, as docs/time.md says it and in its order. It reads the
 * rules that people write, and nothing of the product but their shape.
 */
import { type RuleOf, type ScheduleRule, type Within } from '../../src/scheduling/schedule-rule.dto.js';
import { askedByCron } from './asked-by-cron.js';
import { askedByRrule } from './asked-by-rrule.js';
import { type AskedTimes } from './asked-times.js';
import { dateOf, DAY_NAMES, isLastOfMonth, readDate, writeDate } from './calendar-dates.js';
import { type ClockWalk } from './zone-clocks.js';

const DAY_SECONDS = 86_400;

/** A rule and what bounds it. */
export interface Plan {
  readonly rule: ScheduleRule;
  readonly endsAt?: Date;
  readonly exceptDates?: readonly string[];
  readonly within?: Within;
  /** Counted from the beginning of what was walked. */
  readonly maxRuns?: number;
}

/** A part of what was walked. */
interface Stretch {
  readonly walk: ClockWalk;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Every instant from one on and before another at which the plan is due, in order. */
export function findDueTimes(plan: Plan, walk: ClockWalk, fromMs = walk.fromMs, toMs = walk.toMs): number[] {
  const due = [...new Set(askedInstants(plan.rule, { walk, fromMs, toMs }))]
    .filter((ms) => ms >= fromMs && ms < toMs)
    .filter((ms) => isAllowed(plan, walk.secondAt(ms)) && !(plan.endsAt && ms > plan.endsAt.getTime()))
    .sort((one, other) => one - other);
  return due.slice(0, plan.maxRuns ?? Infinity);
}

function askedInstants(rule: ScheduleRule, stretch: Stretch): number[] {
  const { walk } = stretch;
  switch (rule.kind) {
    case 'once':
      return [readInstant(rule.at, walk)];
    case 'interval':
      return instantsOfInterval(rule, stretch);
    case 'calendar':
      return onClocks(askedByCalendar(rule), stretch);
    case 'cron':
      return onClocks(askedByCron(rule.expression), stretch);
    case 'rrule': {
      const startAt = rule.startAt ?? '';
      const startMs = readInstant(startAt, walk);
      const startSecond = hasOffset(startAt) ? walk.secondAt(startMs) : readSecond(startAt);
      const untilMs = readUntilInstant(rule.rule);
      return onClocks(askedByRrule(rule.rule, startSecond), stretch).filter(
        (ms) => !(ms < startMs) && ms <= untilMs,
      );
    }
  }
}

/** The three sentences: what is skipped comes at the end of its gap; fixed times come the first time; others both times. */
function onClocks(asked: AskedTimes, { walk, fromMs, toMs }: Stretch): number[] {
  const [first, last] = walk.secondsBetween(fromMs, toMs);
  const found: number[] = [];
  for (let day = Math.floor(first / DAY_SECONDS); day * DAY_SECONDS <= last; day++)
    for (const time of asked.on(day)) {
      const second = day * DAY_SECONDS + time;
      if (second < first || second > last) continue;
      const instants = walk.instantsOf(second);
      found.push(...(asked.isEverySoOften ? instants : instants.slice(0, 1)));
    }
  return found;
}

const hasOffset = (written: string): boolean => /(Z|[+-]\d\d:\d\d)$/.test(written);
const readSecond = (written: string): number => Date.parse(`${written}Z`) / 1000;

/** NaN for a time on clocks that lies outside of the walk. */
const readInstant = (written: string, walk: ClockWalk): number =>
  hasOffset(written) ? Date.parse(written) : (walk.instantsOf(readSecond(written))[0] ?? NaN);

function readUntilInstant(rule: string): number {
  const [, until] = /UNTIL=(\d{8}T\d{6}Z)/.exec(rule) ?? [];
  if (until === undefined) return Infinity;
  return Date.parse(until.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
}

function instantsOfInterval(rule: RuleOf<'interval'>, { walk, toMs }: Stretch): number[] {
  const endMs = rule.endAt === undefined ? Infinity : readInstant(rule.endAt, walk);
  const due: number[] = [];
  let ms = readInstant(rule.startAt ?? '', walk);
  if (Number.isNaN(ms) || Number.isNaN(endMs))
    throw new Error('An interval begins and ends outside of the walk.');
  for (; ms < toMs && ms <= endMs; ms += rule.everySeconds * 1000) due.push(ms);
  return due;
}

function askedByCalendar({ unit, every = 1, times, weekdays, startOn = '' }: RuleOf<'calendar'>): AskedTimes {
  const start = readDate(startOn);
  const monday = (day: number) => day - ((dateOf(day).weekday + 6) % 7);
  const isOn = (day: number): boolean => {
    const date = dateOf(day);
    const months = (date.year - start.year) * 12 + date.month - start.month;
    // A month that lacks the day means its last.
    const isDayOfMonth =
      date.dayOfMonth === start.dayOfMonth || (isLastOfMonth(date) && date.dayOfMonth < start.dayOfMonth);
    switch (unit) {
      case 'day':
        return (day - start.day) % every === 0;
      case 'week':
        return (
          ((monday(day) - monday(start.day)) / 7) % every === 0 &&
          (weekdays ?? [DAY_NAMES[start.weekday]]).includes(DAY_NAMES[date.weekday])
        );
      case 'month':
        return isDayOfMonth && months % every === 0;
      case 'year':
        return isDayOfMonth && months % (12 * every) === 0;
    }
  };
  const seconds = times.map((time) => readSecond(`1970-01-01T${time}`));
  return { isEverySoOften: false, on: (day) => (day >= start.day && isOn(day) ? seconds : []) };
}

/** Judged by what clocks show when it is due. */
function isAllowed({ exceptDates, within }: Plan, second: number): boolean {
  const day = Math.floor(second / DAY_SECONDS);
  if (exceptDates?.includes(writeDate(day))) return false;
  if (!within) return true;
  const time = new Date(second * 1000).toISOString().slice(11, 19);
  const [from, to] = [within.from, within.to].map((one) => (one.length === 5 ? `${one}:00` : one));
  const begins = (one: number) =>
    !within.weekdays || within.weekdays.some((name) => name === DAY_NAMES[dateOf(one).weekday]);
  const isOverMidnight = to! < from!;
  if (time >= from! && (isOverMidnight || time < to!)) return begins(day);
  return isOverMidnight && time < to! && begins(day - 1);
}
