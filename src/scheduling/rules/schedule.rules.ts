import { type FieldProblem } from '../../platform/errors/index.js';
import { type RuleOf, type ScheduleRule, type Within } from '../schedule-rule.dto.js';
import { calendarDay, DAY_MS, dayOf, readDay, weekdayOf, WEEKDAYS, writeDay } from './calendar-day.rules.js';
import { patternOfCron } from './cron.rules.js';
import { findExclusionEnd } from './exclusions.rules.js';
import { describeLocally, instantOf, readWallTime, wallOf } from './local-time.rules.js';
import { LAST_YEAR, patternOfRecurrence, type Recurrence } from './recurrence.rules.js';
import { readRrule, readTimeOfDay } from './rrule-text.rules.js';
import { nextInstant, type WallPattern } from './wall-pattern.rules.js';
import { wallMsAt } from './zone-changes.rules.js';

/** A rule with everything that bounds it: what decides when a schedule is due. */
export interface Timing {
  readonly rule: ScheduleRule;
  readonly timeZone: string;
  /** No run after this. */
  readonly endsAt?: Date | null;
  /** Days on the zone's clocks without a run, such as 2026-12-25. */
  readonly exceptDates?: readonly string[] | null;
  readonly within?: Within | null;
}

/** A rule that stands in the database and can't be followed any more. */
export class UnreadableRuleError extends Error {
  override readonly name = 'UnreadableRuleError';
}

const LAST_INSTANT_MS = Date.UTC(LAST_YEAR + 1, 0, 1) - 1;
/**
 * How often a due time may fall outside the bounds before none is expected: each time a day or more is passed over, and
 * twenty-eight years is the longest until a date comes to the same weekday again.
 */
const MOST_EXCLUDED = 2_000;
/** Patterns are in use again and again; one takes a microsecond to find and up to milliseconds to make. */
const PATTERNS_KEPT = 5_000;
const patterns = new Map<string, WallPattern>();

/**
 * The first due time strictly after an instant, or null when there is none any more.
 * @throws UnreadableRuleError for a rule that the API would not have accepted
 */
export function nextRun(timing: Timing, after: Date): Date | null {
  try {
    const lastMs = Math.min(timing.endsAt?.getTime() ?? Infinity, LAST_INSTANT_MS);
    let fromMs = after.getTime();
    for (let excluded = 0; excluded < MOST_EXCLUDED; excluded++) {
      const atMs = nextByRule(timing, fromMs);
      if (atMs === null || atMs > lastMs) return null;
      if (!(atMs > fromMs)) throw new Error(`${atMs} does not follow ${fromMs}.`);
      const resumesMs = findExclusionEnd(timing, atMs);
      if (resumesMs === null) return new Date(atMs);
      fromMs = Math.max(atMs, resumesMs - 1);
    }
    return null;
  } catch (error) {
    throw new UnreadableRuleError(`The rule ${JSON.stringify(timing.rule)} can't be followed.`, {
      cause: error,
    });
  }
}

/**
 * The last due time from one that is known up to an instant. Halves the time in between: a due time follows where the
 * next one from there is still in time.
 *
 * @param knownDueAt a due time at or before `atOrBefore`
 */
export function latestRun(timing: Timing, knownDueAt: Date, atOrBefore: Date): Date {
  let latest = knownDueAt;
  let high = atOrBefore.getTime();
  while (latest.getTime() < high) {
    const middle = Math.floor((latest.getTime() + high) / 2);
    const next = nextRun(timing, new Date(middle));
    if (next && next <= atOrBefore) latest = next;
    else if (middle === latest.getTime()) break;
    else high = middle;
  }
  return latest;
}

/** What people should know of a due time: clocks skip the time that was asked for, or show it twice. */
export type Oddity =
  | { readonly kind: 'skipped_time'; readonly askedTime: string }
  | { readonly kind: 'doubled_time'; readonly pass: 'first' | 'second' };

/** One due time as people read it. */
export interface PreviewedRun {
  readonly dueAt: string;
  readonly localTime: string;
  readonly offset: string;
  readonly oddity: Oddity | null;
}

export function previewRuns(timing: Timing, after: Date, count: number): PreviewedRun[] {
  const runs: PreviewedRun[] = [];
  let last = after;
  while (runs.length < count) {
    const next = nextRun(timing, last);
    if (!next) break;
    runs.push(previewRun(timing, next));
    last = next;
  }
  return runs;
}

export const previewRun = (timing: Timing, dueAt: Date): PreviewedRun => ({
  dueAt: dueAt.toISOString(),
  ...describeLocally(dueAt, timing.timeZone),
  oddity: findOddity(timing, dueAt),
});

/** The rule with everything in it that it needs: what is counted from a start counts from it for ever. */
export function anchorRule(rule: ScheduleRule, timeZone: string, now: Date): ScheduleRule {
  const startMs = now.getTime();
  switch (rule.kind) {
    case 'interval':
      if (rule.startAt !== undefined) return rule;
      return { ...rule, startAt: new Date(startMs + rule.everySeconds * 1000).toISOString() };
    case 'calendar':
      return rule.startOn === undefined
        ? { ...rule, startOn: writeDay(dayOf(wallMsAt(startMs, timeZone))) }
        : rule;
    case 'rrule': {
      if (rule.startAt !== undefined) return rule;
      const minute = 60_000;
      const wallMs = Math.ceil(wallMsAt(startMs, timeZone) / minute) * minute;
      return { ...rule, startAt: new Date(wallMs).toISOString().slice(0, 16) };
    }
    default:
      return rule;
  }
}

/** Why a rule that is well written would never run from now on, and what to do; undefined when it runs. */
export function findRuleProblem(timing: Timing, now: Date): FieldProblem | undefined {
  if (nextRun(timing, now)) return undefined;
  const { rule, timeZone, endsAt, exceptDates, within } = timing;
  if ((endsAt || exceptDates?.length || within) && nextRun({ rule, timeZone }, now))
    return {
      field: endsAt ? 'endsAt' : within ? 'within' : 'exceptDates',
      code: 'never_due',
      message: 'The rule has no due time within its bounds (endsAt, within, exceptDates); widen them.',
    };
  switch (rule.kind) {
    case 'once':
      return {
        field: 'rule.at',
        code: 'in_the_past',
        message: `That time has passed: it is ${describeLocally(now, timeZone).localTime} in ${timeZone}. Choose a later one.`,
      };
    case 'interval':
      return {
        field: 'rule.endAt',
        code: 'never_due',
        message: 'No run is left before the end; choose a later end or a shorter interval.',
      };
    case 'calendar':
      return {
        field: 'rule.startOn',
        code: 'never_due',
        message: `No run is left before the end of ${LAST_YEAR}; begin earlier.`,
      };
    case 'cron':
      return {
        field: 'rule.expression',
        code: 'never_due',
        message: 'This line has no due time, such as 30 February; change its day or month.',
      };
    case 'rrule':
      return {
        field: 'rule.rule',
        code: 'never_due',
        message: 'This rule has no due time any more; change its days, UNTIL or COUNT.',
      };
  }
}

function nextByRule({ rule, timeZone }: Timing, afterMs: number): number | null {
  switch (rule.kind) {
    case 'once': {
      const atMs = validMs(instantOf(rule.at, timeZone));
      return atMs > afterMs ? atMs : null;
    }
    case 'interval':
      return nextOfInterval(rule, timeZone, afterMs);
    default:
      return nextInstant(patternOf(rule, timeZone), timeZone, afterMs);
  }
}

function nextOfInterval(rule: RuleOf<'interval'>, timeZone: string, afterMs: number): number | null {
  if (rule.startAt === undefined) throw new Error('The interval has no start.');
  const startMs = validMs(instantOf(rule.startAt, timeZone));
  const everyMs = rule.everySeconds * 1000;
  const endMs = rule.endAt === undefined ? Infinity : validMs(instantOf(rule.endAt, timeZone));
  const passed = Math.floor((afterMs - startMs) / everyMs) + 1;
  const nextMs = startMs + Math.max(0, passed) * everyMs;
  return nextMs > endMs ? null : nextMs;
}

function validMs(date: Date): number {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new Error('The rule leads to no date.');
  return ms;
}

type PatternRule = RuleOf<'calendar'> | RuleOf<'cron'> | RuleOf<'rrule'>;

function patternOf(rule: PatternRule, timeZone: string): WallPattern {
  if (rule.kind === 'cron') return patternOfCron(rule.expression);
  const key = `${timeZone} ${JSON.stringify(rule)}`;
  const kept = patterns.get(key);
  if (kept) return kept;
  const made = patternOfRecurrence(recurrenceOf(rule, timeZone));
  if (patterns.size >= PATTERNS_KEPT) patterns.clear();
  patterns.set(key, made);
  return made;
}

/** @throws RruleError */
export function recurrenceOf(rule: RuleOf<'calendar'> | RuleOf<'rrule'>, timeZone: string): Recurrence {
  if (rule.kind === 'calendar') return recurrenceOfCalendar(rule);
  const startAt = rule.startAt ?? '';
  const startMs = validMs(new Date(wallOf(startAt, timeZone)));
  return { ...readRrule(rule.rule, startMs), notBeforeMs: instantOf(startAt, timeZone).getTime() };
}

function recurrenceOfCalendar({ unit, every, times, weekdays, startOn }: RuleOf<'calendar'>): Recurrence {
  const day = readDay(startOn ?? '');
  if (Number.isNaN(day)) throw new Error('The rule has no start.');
  const { month, dayOfMonth } = calendarDay(day);
  const seconds = times.map(readTimeOfDay).sort((one, other) => one - other);
  return {
    frequency: ({ day: 'DAILY', week: 'WEEKLY', month: 'MONTHLY', year: 'YEARLY' } as const)[unit],
    interval: every ?? 1,
    startMs: day * DAY_MS,
    weekStart: 1,
    months: unit === 'year' ? [month] : [],
    weekNumbers: [],
    daysOfYear: [],
    daysOfMonth: unit === 'month' || unit === 'year' ? [dayOfMonth] : [],
    keepsInMonth: true,
    weekdays:
      unit === 'week'
        ? (weekdays?.map((one) => WEEKDAYS.indexOf(one)) ?? [weekdayOf(day)]).map((weekday) => ({
            weekday,
            nth: null,
          }))
        : [],
    positions: [],
    times: [...new Set(seconds)],
    step: null,
    lastMs: null,
    notBeforeMs: null,
    notAfterMs: null,
    count: null,
  };
}

/** What is odd about a due time of the rule. An interval counts elapsed time, and clocks don't concern it. */
function findOddity({ rule, timeZone }: Timing, dueAt: Date): Oddity | null {
  if (rule.kind === 'interval') return null;
  const wallMs = wallMsAt(dueAt.getTime(), timeZone);
  const askedMs = findAskedTime(rule, timeZone, dueAt);
  if (askedMs !== null && askedMs < wallMs && readWallTime(askedMs, timeZone).existence === 'never')
    return { kind: 'skipped_time', askedTime: new Date(askedMs).toISOString().slice(0, 19) };
  const { atMs, existence } = readWallTime(wallMs, timeZone);
  if (existence !== 'twice') return null;
  return { kind: 'doubled_time', pass: atMs === dueAt.getTime() ? 'first' : 'second' };
}

/** The time on clocks that a rule asked for when it came to an instant. */
function findAskedTime(rule: RuleOf<'once'> | PatternRule, timeZone: string, dueAt: Date): number | null {
  if (rule.kind === 'once') return wallOf(rule.at, timeZone);
  const { nextWall } = patternOf(rule, timeZone);
  const wallMs = wallMsAt(dueAt.getTime(), timeZone);
  return nextWall(wallMs - 1) === wallMs ? wallMs : nextWall(wallMsAt(dueAt.getTime() - 1, timeZone));
}
