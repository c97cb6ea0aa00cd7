import { latestRun, nextRun } from './schedule.rules.js';
import { type ScheduleRule } from './schedule-rule.dto.js';

/** A run that is later than this isn't made up: people would wonder at yesterday's good morning. */
export const GRACE_MS = 60 * 60 * 1000;

/** Why an occurrence did not run. */
export type SkipReason =
  /** It was over an hour late when somebody could have started it. */
  | 'missed'
  /** It was late and a later one was already due, which ran in its place. */
  | 'overtaken'
  | 'tenant_suspended';

export interface DecidedRun {
  readonly dueAt: Date;
  /** Absent for a run that starts. */
  readonly skipReason?: SkipReason;
}

export interface RunDecision {
  readonly runs: readonly DecidedRun[];
  readonly nextRunAt: Date | null;
}

/**
 * What becomes of a due schedule. Usually: it runs, and the next due time follows. After a standstill the latest missed
 * run within the grace is made up once; of the others one row tells, however many they were.
 *
 * @param dueAt the due time that waited
 * @param now the database's clock, at or after `dueAt`
 * @throws UnreadableRuleError
 */
export function decideRuns(rule: ScheduleRule, timeZone: string, dueAt: Date, now: Date): RunDecision {
  const following = nextRun(rule, timeZone, dueAt);
  const isOvertaken = following !== null && following <= now;
  const latest = isOvertaken ? (latestRun(rule, timeZone, now) ?? following) : dueAt;
  const isInTime = now.getTime() - latest.getTime() <= GRACE_MS;
  const runs: DecidedRun[] = [];
  if (isOvertaken || !isInTime) runs.push({ dueAt, skipReason: isInTime ? 'overtaken' : 'missed' });
  if (isInTime) runs.push({ dueAt: latest });
  return { runs, nextRunAt: isOvertaken ? nextRun(rule, timeZone, now) : following };
}
