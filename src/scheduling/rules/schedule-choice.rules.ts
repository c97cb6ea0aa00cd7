import { type Audience, type LocalTimeOf } from '../../audience/index.js';
import { type PinWay } from '../../delivery/index.js';
import { conflict, invalidField } from '../../platform/errors/index.js';
import { type ScheduleRule, type Within } from '../schedule-rule.dto.js';
import {
  type ChangeSchedule,
  type CreateSchedule,
  type OverlapPolicy,
  type PreviewRule,
  type ScheduleState,
} from '../schedule.dto.js';
import { instantOf } from './local-time.rules.js';
import { type MissedPolicy } from './missed-runs.rules.js';
import { anchorRule, findRuleProblem, nextRun, type Timing } from './schedule.rules.js';
import { followZones, resumeZones, soonestOf, type ZoneRuns } from './zone-runs.rules.js';

/** What decides when a schedule is due; null is the usual. */
export interface TimingRow {
  readonly rule: ScheduleRule;
  readonly time_zone: string;
  readonly ends_at: Date | null;
  readonly except_dates: readonly string[] | null;
  readonly within: Within | null;
}

/** Where a schedule stands: in one zone, or in each zone in which chats of its audience live. */
interface StandingRow {
  readonly next_run_at: Date | null;
  /** Whose local time it runs in; null for that of `time_zone`. */
  readonly local_time_of: LocalTimeOf | null;
  /** Null for one zone. */
  readonly zone_runs: ZoneRuns | null;
}

/** The many zones of a schedule. */
export interface LocalTimes {
  readonly of: LocalTimeOf;
  readonly zones: readonly string[];
}

/** What people decide about a schedule, and when it is due by that. */
export interface ScheduleChoice extends TimingRow, StandingRow {
  readonly name: string;
  /** Null where it has a stack. */
  readonly message_id: string | null;
  /** Of a stack, whether what was sent goes back to its end; null for one message. */
  readonly recycles: boolean | null;
  readonly audience: Audience;
  readonly max_runs: number | null;
  readonly runs: number | null;
  readonly missed_policy: MissedPolicy | null;
  readonly grace_seconds: number | null;
  readonly overlap_policy: OverlapPolicy | null;
  readonly pin: PinWay | null;
  /** Never false: null is the usual. */
  readonly delete_previous: boolean | null;
  readonly delete_after_seconds: number | null;
  /** The queue whose post it is, and the instant that is its own there. */
  readonly queue_id: string | null;
  readonly post_at: Date | null;
  readonly state: ScheduleState;
  readonly state_reason: string | null;
  readonly paused_at: Date | null;
  /** Why an admin refused it; null where nobody did. */
  readonly refusal: string | null;
}

export const timingOf = (row: TimingRow): Timing => ({
  rule: row.rule,
  timeZone: row.time_zone,
  endsAt: row.ends_at,
  exceptDates: row.except_dates,
  within: row.within,
});

type GivenTiming = Pick<PreviewRule, 'rule' | 'timeZone' | 'endsAt' | 'exceptDates' | 'within'>;

/**
 * Whose local time is asked for; null for that of one zone.
 * @throws ProblemError 400 where a zone is given beside it
 */
export function chooseLocalTimeOf(
  given: Pick<CreateSchedule, 'timeZone'> & { readonly audience?: Audience | undefined },
  localTimeOf: LocalTimeOf | 'tenant',
): LocalTimeOf | null {
  if (localTimeOf === 'tenant') return null;
  const why = `In the local time of each ${localTimeOf} a schedule runs in many zones`;
  if (given.timeZone !== undefined)
    throw invalidField('timeZone', 'many_zones', `${why}; leave the zone out, or localTimeOf.`);
  if (given.audience?.localTime)
    throw invalidField('audience.localTime', 'many_zones', `${why}; leave its zone out of the audience.`);
  return localTimeOf;
}

/**
 * When a schedule is due from now on, by what people give.
 *
 * @param timeZone in which whatever needs one zone is read
 * @param local the zones in which it runs; null for `timeZone` alone
 * @throws ProblemError 400 for what never runs
 */
export function chooseTiming(
  given: GivenTiming,
  timeZone: string,
  now: Date,
  local: LocalTimes | null = null,
): TimingRow & StandingRow {
  const row: TimingRow = {
    rule: anchorRule(given.rule, timeZone, now),
    time_zone: timeZone,
    ends_at: given.endsAt ? instantOf(given.endsAt, timeZone) : null,
    except_dates: given.exceptDates?.length ? [...new Set(given.exceptDates)] : null,
    within: given.within ?? null,
  };
  const timing = timingOf(row);
  const zoneRuns = local && followZones(timing, {}, local.zones, now);
  const nextRunAt = zoneRuns ? soonestOf(zoneRuns) : nextRun(timing, now);
  if (!nextRunAt) {
    const problem = findRuleProblem({ ...timing, timeZone: local?.zones[0] ?? timeZone }, now);
    if (problem) throw invalidField(problem.field, problem.code, problem.message);
  }
  return { ...row, next_run_at: nextRunAt, local_time_of: local?.of ?? null, zone_runs: zoneRuns };
}

/** What people decide beside the timing. */
export const choosePolicy = (
  given: Pick<
    CreateSchedule,
    | 'maxRuns'
    | 'missedPolicy'
    | 'graceSeconds'
    | 'overlapPolicy'
    | 'pin'
    | 'deletePrevious'
    | 'deleteAfterSeconds'
  >,
): Pick<
  ScheduleChoice,
  | 'max_runs'
  | 'missed_policy'
  | 'grace_seconds'
  | 'overlap_policy'
  | 'pin'
  | 'delete_previous'
  | 'delete_after_seconds'
> => ({
  max_runs: given.maxRuns ?? null,
  missed_policy: given.missedPolicy ?? null,
  grace_seconds: given.graceSeconds ?? null,
  overlap_policy: given.overlapPolicy ?? null,
  pin: given.pin ?? null,
  delete_previous: given.deletePrevious === true ? true : null,
  delete_after_seconds: given.deleteAfterSeconds ?? null,
});

/**
 * A schedule after a change of what is named. A change of the time counts from now, and lets an ended one begin again.
 *
 * @param local the zones in which it runs after the change; null for one
 * @throws ProblemError 400 for what never runs
 */
export function changeChoice(
  current: ScheduleChoice,
  change: ChangeSchedule,
  now: Date,
  local: LocalTimes | null = null,
): ScheduleChoice & { readonly startsAgain: boolean } {
  const timingFields = ['rule', 'timeZone', 'localTimeOf', 'endsAt', 'exceptDates', 'within'] as const;
  const changesTime = timingFields.some((field) => change[field] !== undefined);
  const timing = changesTime
    ? chooseTiming(
        {
          rule: change.rule ?? current.rule,
          endsAt: change.endsAt === undefined ? current.ends_at?.toISOString() : change.endsAt,
          exceptDates: change.exceptDates === undefined ? current.except_dates?.slice() : change.exceptDates,
          within: change.within === undefined ? current.within : change.within,
        },
        change.timeZone ?? current.time_zone,
        now,
        local,
      )
    : { ...current, ...followedBy(current, local, now) };
  const startsAgain = changesTime && current.state === 'ended';
  const runs = changesTime ? null : mostRuns(current);
  const maxRuns = change.maxRuns === undefined ? current.max_runs : change.maxRuns;
  if (maxRuns !== null && maxRuns <= (runs ?? 0) && change.maxRuns !== undefined)
    throw invalidField('maxRuns', 'already_reached', `It has run ${runs} times already; choose more.`);
  const isPaused = current.state === 'paused' || current.state === 'awaiting_approval';
  return {
    ...current,
    ...timing,
    name: change.name ?? current.name,
    audience: change.audience ?? current.audience,
    max_runs: maxRuns,
    runs: changesTime ? null : current.runs,
    missed_policy: change.missedPolicy ?? current.missed_policy,
    grace_seconds: change.graceSeconds ?? current.grace_seconds,
    overlap_policy: change.overlapPolicy ?? current.overlap_policy,
    pin: change.pin === undefined ? current.pin : change.pin,
    delete_previous: (change.deletePrevious ?? current.delete_previous) === true ? true : null,
    delete_after_seconds:
      change.deleteAfterSeconds === undefined ? current.delete_after_seconds : change.deleteAfterSeconds,
    ...placeInQueue(current, change, changesTime ? timing : null),
    next_run_at: isPaused ? null : timing.next_run_at,
    paused_at: isPaused && changesTime ? now : current.paused_at,
    state: startsAgain ? 'active' : current.state,
    state_reason: startsAgain ? null : current.state_reason,
    refusal: isChangeOfNameAlone(change) ? current.refusal : null,
    startsAgain,
  };
}

/** Claims that a change leaves what is sent, when, and to whom as it was. */
export const isChangeOfNameAlone = (change: ChangeSchedule): boolean =>
  Object.keys(change).every((field) => field === 'name');

/** A post that is moved has the new time in its queue; one that becomes something else leaves it. */
function placeInQueue(
  { queue_id, post_at }: ScheduleChoice,
  { audience }: ChangeSchedule,
  moved: (TimingRow & StandingRow) | null,
): Pick<ScheduleChoice, 'queue_id' | 'post_at'> {
  const isPost = !audience && (!moved || (moved.rule.kind === 'once' && moved.local_time_of === null));
  if (queue_id === null || !isPost) return { queue_id: null, post_at: null };
  return { queue_id, post_at: moved ? moved.next_run_at : post_at };
}

export const slotTaken = () =>
  conflict(
    'slot_taken',
    'Another post of this chat has this time; choose another, or take the next free slot.',
  );

export const pauseChoice = (active: ScheduleChoice, now: Date): ScheduleChoice => ({
  ...active,
  state: 'paused',
  // One that waited for approval did so since then.
  paused_at: active.paused_at ?? now,
  next_run_at: null,
});

/**
 * A paused schedule that goes on; null where nothing is left. What was missed meanwhile is due first, so that the ticker
 * deals with it by the schedule's policy.
 */
export function resumeChoice(
  paused: ScheduleChoice,
  now: Date,
  local: LocalTimes | null = null,
): ScheduleChoice | null {
  const since = paused.missed_policy === 'skip' ? now : (paused.paused_at ?? now);
  const timing = timingOf(paused);
  const zoneRuns =
    paused.zone_runs &&
    followZones(timing, resumeZones(timing, paused.zone_runs, since), local?.zones ?? [], now);
  const nextRunAt = zoneRuns ? soonestOf(zoneRuns) : nextRun(timing, since);
  return (
    nextRunAt && {
      ...paused,
      state: 'active',
      paused_at: null,
      refusal: null,
      next_run_at: nextRunAt,
      zone_runs: zoneRuns,
    }
  );
}

/** Where a schedule stands after its audience, and with that its zones, may have changed. */
function followedBy(current: ScheduleChoice, local: LocalTimes | null, now: Date): StandingRow {
  if (!current.zone_runs || !local) return current;
  const zoneRuns = followZones(timingOf(current), current.zone_runs, local.zones, now);
  const nextRunAt = current.state === 'active' ? soonestOf(zoneRuns) : current.next_run_at;
  return { next_run_at: nextRunAt, local_time_of: current.local_time_of, zone_runs: zoneRuns };
}

/** Of a schedule in many zones, those of the zone that has had the most. */
const mostRuns = ({ runs, zone_runs: zones }: ScheduleChoice): number | null =>
  zones ? Math.max(0, ...Object.values(zones).map((zone) => zone.runs)) : runs;

/** Runs of many zones belong together, and would each take a message of their own. */
export function assertOneZone(localTimeOf: LocalTimeOf | null): void {
  if (localTimeOf !== null)
    throw invalidField(
      'stack',
      'many_zones',
      'A stack goes with one zone alone, since each run takes a message; leave localTimeOf out.',
    );
}
