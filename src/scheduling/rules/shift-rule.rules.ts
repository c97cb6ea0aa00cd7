import { type ScheduleRule } from '../schedule-rule.dto.js';
import { instantOf } from './local-time.rules.js';

/**
 * The rule moved by so many seconds, negative ones backwards; null for rules of the calendar, whose times have to be
 * written anew.
 */
export function shiftRule(rule: ScheduleRule, timeZone: string, seconds: number): ScheduleRule | null {
  const shift = (written: string) =>
    new Date(instantOf(written, timeZone).getTime() + seconds * 1000).toISOString();
  switch (rule.kind) {
    case 'once':
      return { ...rule, at: shift(rule.at) };
    case 'interval':
      return {
        ...rule,
        ...(rule.startAt !== undefined && { startAt: shift(rule.startAt) }),
        ...(rule.endAt !== undefined && { endAt: shift(rule.endAt) }),
      };
    default:
      return null;
  }
}
