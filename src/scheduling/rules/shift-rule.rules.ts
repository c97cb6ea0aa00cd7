import { type RuleOf, type ScheduleRule } from '../schedule-rule.dto.js';
import { DAY_MS, dayOf } from './calendar-day.rules.js';
import { hasOffset, instantOf, wallOf } from './local-time.rules.js';
import { readTimeOfDay } from './rrule-text.rules.js';

const DAY_SECONDS = DAY_MS / 1000;

/**
 * The rule moved by so many seconds, negative ones backwards. Rules of the calendar move on the clocks, and only within
 * their days: null where a time would come to another day, and for lines that name their times themselves, which have to
 * be written anew.
 */
export function shiftRule(rule: ScheduleRule, timeZone: string, seconds: number): ScheduleRule | null {
  // What is written on clocks stays so: it may be meant for those of each person.
  const shift = (written: string) =>
    hasOffset(written)
      ? new Date(instantOf(written, timeZone).getTime() + seconds * 1000).toISOString()
      : writeWall(wallOf(written, timeZone) + seconds * 1000);
  switch (rule.kind) {
    case 'once':
      return { ...rule, at: shift(rule.at) };
    case 'interval':
      return {
        ...rule,
        ...(rule.startAt !== undefined && { startAt: shift(rule.startAt) }),
        ...(rule.endAt !== undefined && { endAt: shift(rule.endAt) }),
      };
    case 'calendar':
      return shiftTimes(rule, seconds);
    case 'rrule':
      return shiftStart(rule, timeZone, seconds);
    case 'cron':
      return null;
  }
}

function shiftTimes(rule: RuleOf<'calendar'>, seconds: number): ScheduleRule | null {
  const times = rule.times.map((time) => readTimeOfDay(time) + seconds);
  if (times.some((time) => time < 0 || time >= DAY_SECONDS)) return null;
  return { ...rule, times: times.map(writeTimeOfDay) };
}

/** Where the rule says nothing of times, its start's time is its own. */
function shiftStart(rule: RuleOf<'rrule'>, timeZone: string, seconds: number): ScheduleRule | null {
  if (rule.startAt === undefined || /BYHOUR|BYMINUTE|BYSECOND|HOURLY|MINUTELY|UNTIL/i.test(rule.rule))
    return null;
  const fromMs = wallOf(rule.startAt, timeZone);
  const toMs = fromMs + seconds * 1000;
  if (dayOf(fromMs) !== dayOf(toMs)) return null;
  return { ...rule, startAt: writeWall(toMs) };
}

const writeWall = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 19);

const writeTimeOfDay = (second: number): string =>
  new Date(second * 1000).toISOString().slice(11, second % 60 === 0 ? 16 : 19);
