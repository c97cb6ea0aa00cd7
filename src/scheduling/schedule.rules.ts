import { type FieldProblem } from '../platform/errors/index.js';
import { cronOf } from './cron.rules.js';
import { describeLocally, instantOf } from './local-time.rules.js';
import { type ScheduleRule } from './schedule-rule.dto.js';

/** A rule that stands in the database and can't be followed any more. */
export class UnreadableRuleError extends Error {
  override readonly name = 'UnreadableRuleError';
}

/**
 * The first due time strictly after an instant, or null when there is none any more.
 * @throws UnreadableRuleError for a rule that the API would not have accepted
 */
export function nextRun(rule: ScheduleRule, timeZone: string, after: Date): Date | null {
  return readable(rule, () => {
    switch (rule.kind) {
      case 'once': {
        const at = instantOf(rule.at, timeZone);
        return at <= after ? null : at;
      }
      case 'interval': {
        const { startMs, everyMs, endMs } = intervalOf(rule, timeZone);
        const passed = Math.floor((after.getTime() - startMs) / everyMs) + 1;
        const nextMs = startMs + Math.max(0, passed) * everyMs;
        return nextMs > endMs ? null : new Date(nextMs);
      }
      case 'cron':
        return cronOf(rule.expression, timeZone).nextRun(after);
    }
  });
}

/** The last due time at or before an instant, or null when there was none yet. */
export function latestRun(rule: ScheduleRule, timeZone: string, atOrBefore: Date): Date | null {
  return readable(rule, () => {
    switch (rule.kind) {
      case 'once': {
        const at = instantOf(rule.at, timeZone);
        return at <= atOrBefore ? at : null;
      }
      case 'interval': {
        const { startMs, everyMs, endMs } = intervalOf(rule, timeZone);
        const passed = Math.floor((Math.min(atOrBefore.getTime(), endMs) - startMs) / everyMs);
        return passed >= 0 ? new Date(startMs + passed * everyMs) : null;
      }
      case 'cron': {
        // croner looks strictly before.
        const [latest] = cronOf(rule.expression, timeZone).previousRuns(
          1,
          new Date(atOrBefore.getTime() + 1),
        );
        return latest ?? null;
      }
    }
  });
}

/** One due time as people read it. */
export interface PreviewedRun {
  readonly dueAt: string;
  readonly localTime: string;
  readonly offset: string;
}

export function previewRuns(
  rule: ScheduleRule,
  timeZone: string,
  after: Date,
  count: number,
): PreviewedRun[] {
  const runs: PreviewedRun[] = [];
  let last = after;
  while (runs.length < count) {
    const next = nextRun(rule, timeZone, last);
    if (!next) break;
    runs.push({ dueAt: next.toISOString(), ...describeLocally(next, timeZone) });
    last = next;
  }
  return runs;
}

/** The rule with everything in it that it needs: an interval counts from one instant for ever. */
export function anchorRule(rule: ScheduleRule, now: Date): ScheduleRule {
  if (rule.kind !== 'interval' || rule.startAt !== undefined) return rule;
  return { ...rule, startAt: new Date(now.getTime() + rule.everySeconds * 1000).toISOString() };
}

/** Why a rule that is well written would never run from now on, and what to do; undefined when it runs. */
export function findRuleProblem(rule: ScheduleRule, timeZone: string, now: Date): FieldProblem | undefined {
  if (nextRun(rule, timeZone, now)) return undefined;
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
    case 'cron':
      return {
        field: 'rule.expression',
        code: 'never_due',
        message: 'This line has no due time, such as 30 February; change its day or month.',
      };
  }
}

function intervalOf(rule: Extract<ScheduleRule, { kind: 'interval' }>, timeZone: string) {
  if (rule.startAt === undefined) throw new UnreadableRuleError('The interval has no start.');
  return {
    startMs: instantOf(rule.startAt, timeZone).getTime(),
    everyMs: rule.everySeconds * 1000,
    endMs: rule.endAt === undefined ? Infinity : instantOf(rule.endAt, timeZone).getTime(),
  };
}

/** Whatever goes wrong inside, and every result that is no date, is the rule's fault. */
function readable(rule: ScheduleRule, find: () => Date | null | undefined): Date | null {
  let found: Date | null | undefined;
  try {
    found = find();
  } catch (error) {
    throw new UnreadableRuleError(`The rule ${JSON.stringify(rule)} can't be followed.`, { cause: error });
  }
  if (found === undefined || (found !== null && Number.isNaN(found.getTime())))
    throw new UnreadableRuleError(`The rule ${JSON.stringify(rule)} leads to no date.`);
  return found;
}
