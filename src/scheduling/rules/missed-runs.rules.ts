import { latestRun, nextRun, type Timing } from './schedule.rules.js';

/** A run that is later than this isn't made up, where people don't say otherwise: yesterday's good morning puzzles. */
export const DEFAULT_GRACE_SECONDS = 60 * 60;

/** How many missed runs are made up at most: a stand-still must not end in a flood. */
export const MOST_MADE_UP = 20;

export const MISSED_POLICIES = ['skip', 'latest', 'all'] as const;
export type MissedPolicy = (typeof MISSED_POLICIES)[number];

/** Up to so late a run counts as punctual, whatever the policy: to claim many schedules takes a moment. */
export const PUNCTUAL_SECONDS = 60;

/** Why an occurrence did not run. */
export type SkipReason =
  /** It was later than the grace when somebody could have started it. */
  | 'missed'
  /** It was late and a later one was already due, which ran in its place. */
  | 'overtaken'
  | 'tenant_suspended'
  /** The schedule's last broadcast was still going on. */
  | 'previous_running'
  | 'quiet_hours'
  /** Nobody whom the audience means lives in the zone. */
  | 'no_chats'
  /** No message was left in its stack. */
  | 'stack_empty'
  /** The tenant's plan doesn't allow more. */
  | 'quota_exceeded';

export interface DecidedRun {
  readonly dueAt: Date;
  /** Absent for a run that starts. */
  readonly skipReason?: SkipReason;
}

export interface RunDecision {
  readonly runs: readonly DecidedRun[];
  readonly nextRunAt: Date | null;
}

/** How a schedule deals with lateness, and how many runs it has left. */
export interface RunPolicy {
  readonly missedPolicy: MissedPolicy;
  readonly graceSeconds: number;
  /** Infinity where it has no end by count. */
  readonly runsLeft: number;
}

/**
 * What becomes of a due schedule. Usually: it runs, and the next due time follows. After a standstill its policy decides
 * which of the missed runs within the grace are made up; of the others one row tells, however many they were.
 *
 * @param dueAt the due time that waited
 * @param now the database's clock, at or after `dueAt`
 * @throws UnreadableRuleError
 */
export function decideRuns(timing: Timing, policy: RunPolicy, dueAt: Date, now: Date): RunDecision {
  const following = nextRun(timing, dueAt);
  const isOvertaken = following !== null && following <= now;
  const latest = isOvertaken ? latestRun(timing, following, now) : dueAt;
  const nextRunAt = isOvertaken ? nextRun(timing, now) : following;
  const madeUp = chooseMadeUp(timing, policy, { dueAt, latest, now }).slice(0, policy.runsLeft);
  const isFirstMadeUp = madeUp[0]?.getTime() === dueAt.getTime();
  const told: DecidedRun[] = isFirstMadeUp
    ? []
    : [{ dueAt, skipReason: madeUp.length > 0 ? 'overtaken' : 'missed' }];
  return {
    runs: [...told, ...madeUp.map((one) => ({ dueAt: one }))],
    nextRunAt: madeUp.length >= policy.runsLeft ? null : nextRunAt,
  };
}

interface Lateness {
  readonly dueAt: Date;
  /** The last due time, which is `dueAt` itself unless more have come. */
  readonly latest: Date;
  readonly now: Date;
}

/** The runs that start now, in their order. */
function chooseMadeUp(timing: Timing, policy: RunPolicy, { dueAt, latest, now }: Lateness): Date[] {
  const { missedPolicy, graceSeconds } = policy;
  const allowedSeconds = missedPolicy === 'skip' ? PUNCTUAL_SECONDS : graceSeconds;
  const earliestMs = now.getTime() - allowedSeconds * 1000;
  if (latest.getTime() < earliestMs) return [];
  if (missedPolicy !== 'all') return [latest];
  const first = dueAt.getTime() >= earliestMs ? dueAt : nextRun(timing, new Date(earliestMs - 1));
  return first ? lastRuns(timing, first, latest) : [latest];
}

/** The last of the due times between two, both included, at most {@link MOST_MADE_UP}. */
function lastRuns(timing: Timing, first: Date, latest: Date): Date[] {
  const forward = [first];
  while (forward.length <= MOST_MADE_UP && forward.at(-1)! < latest) {
    const next = nextRun(timing, forward.at(-1)!);
    if (!next) break;
    forward.push(next);
  }
  if (forward.length <= MOST_MADE_UP) return forward;
  const backward = [latest];
  while (backward.length < MOST_MADE_UP)
    backward.push(latestRun(timing, first, new Date(backward.at(-1)!.getTime() - 1)));
  return backward.reverse();
}
