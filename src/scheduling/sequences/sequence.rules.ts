import { conflict, invalidField } from '../../platform/errors/index.js';
import { DAY_MS, dayOf } from '../rules/calendar-day.rules.js';
import { readWallTime } from '../rules/local-time.rules.js';
import { type QuietDecision } from '../rules/quiet-hours.rules.js';
import { readTimeOfDay } from '../rules/rrule-text.rules.js';
import { wallMsAt } from '../rules/zone-changes.rules.js';

/** What is late by more than this isn't sent, where people don't say otherwise. */
export const DEFAULT_SEQUENCE_GRACE_SECONDS = 24 * 60 * 60;

/** From so long a delay on, a step is due at a full minute, so that people who share it share a broadcast. */
const WHOLE_MINUTES_FROM_SECONDS = 60 * 60;
const MINUTE_MS = 60_000;

/** How long after the event a step is due. */
export interface StepDelay {
  readonly after: number;
  /** A day is one on the person's own clocks. */
  readonly unit: 'second' | 'day';
  /** Time of day on the person's own clocks, such as 09:00; null for that of the event. Only with days. */
  readonly at: string | null;
}

export interface Step extends StepDelay {
  readonly id: string;
  /** Steps go by it; it never changes. */
  readonly position: number;
}

/** Somebody on the way through a sequence. */
export interface Traveller {
  /** The position of the last step that is behind them. */
  readonly passed: number;
  readonly enrolledAt: Date;
  /** Since when their next step waits. */
  readonly dueAt: Date;
  /** In which they live. */
  readonly timeZone: string;
  /** Whether messages may go to them, from a bot of the sequence. */
  readonly isReachable: boolean;
}

export const ENROLLMENT_STATES = ['waiting', 'finished', 'left'] as const;
export type EnrollmentState = (typeof ENROLLMENT_STATES)[number];

/** Where somebody stands. */
export interface Standing {
  readonly state: EnrollmentState;
  readonly passed: number;
  /** When the next step is due; null where none is to come. */
  readonly dueAt: Date | null;
}

/** Why a step that was due did not go out. */
export type StepSkipReason = 'missed' | 'quiet_hours' | 'quota_exceeded';

export interface StepDecision extends Standing {
  /** The step that was due now and is behind them from here on; absent where none was. */
  readonly due?: { readonly step: Step; readonly skipReason?: StepSkipReason };
}

/** The instant at which a step is due for somebody; never before the event. */
export function stepDueAt({ after, unit, at }: StepDelay, enrolledAt: Date, timeZone: string): Date {
  const enrolledMs = enrolledAt.getTime();
  if (unit === 'second') return new Date(inWholeMinutes(enrolledMs + after * 1000, after));
  if (after === 0 && at === null) return enrolledAt;
  const wallMs = wallMsAt(enrolledMs, timeZone);
  if (at === null) return new Date(inWholeMinutes(readWallTime(wallMs + after * DAY_MS, timeZone).atMs));
  const day = dayOf(wallMs) + after;
  const onDay = (n: number) => readWallTime(n * DAY_MS + readTimeOfDay(at) * 1000, timeZone).atMs;
  // Only on the day of the event itself can the time have passed already.
  return new Date(onDay(day) >= enrolledMs ? onDay(day) : onDay(day + 1));
}

const inWholeMinutes = (ms: number, delaySeconds = Infinity): number =>
  delaySeconds < WHOLE_MINUTES_FROM_SECONDS ? ms : Math.ceil(ms / MINUTE_MS) * MINUTE_MS;

/** @param steps in the order of their positions */
export const nextStep = (steps: readonly Step[], passed: number): Step | undefined =>
  steps.find(({ position }) => position > passed);

/** Where somebody stands behind a step, or as they begin (0). */
export function standBehind(
  passed: number,
  steps: readonly Step[],
  { enrolledAt, timeZone }: Pick<Traveller, 'enrolledAt' | 'timeZone'>,
): Standing {
  const step = nextStep(steps, passed);
  if (!step) return { state: 'finished', passed, dueAt: null };
  return { state: 'waiting', passed, dueAt: stepDueAt(step, enrolledAt, timeZone) };
}

/**
 * What becomes of somebody whose step seems due. What they live by now counts: a step that lies later by a change of the
 * sequence or of their zone waits until then.
 *
 * @param quiet what quiet hours make of a message to them now; null where it may go
 */
export function decideStep(
  traveller: Traveller,
  steps: readonly Step[],
  { now, graceSeconds, quiet }: { now: Date; graceSeconds: number; quiet: QuietDecision | null },
): StepDecision {
  const { passed, dueAt, isReachable } = traveller;
  if (!isReachable) return { state: 'left', passed, dueAt: null };
  const step = nextStep(steps, passed);
  const standing = standBehind(passed, steps, traveller);
  if (!step || (standing.dueAt && standing.dueAt > now)) return standing;
  const behind = standBehind(step.position, steps, traveller);
  if (now.getTime() - dueAt.getTime() > graceSeconds * 1000)
    return { ...behind, due: { step, skipReason: 'missed' } };
  if (quiet?.kind === 'hold') return { state: 'waiting', passed, dueAt: quiet.until };
  return { ...behind, due: { step, ...(quiet && { skipReason: 'quiet_hours' }) } };
}

/**
 * Positions for the steps of a changed sequence: those that stay keep theirs, new ones get some between or behind.
 *
 * @param current positions by id, in order
 * @param ids of the steps as they shall be, in order; undefined for new ones
 * @throws ProblemError 400 where ids are unknown or in another order
 */
export function placeSteps(
  current: ReadonlyMap<string, number>,
  ids: readonly (string | undefined)[],
): number[] {
  const places: number[] = [];
  const last = Math.max(0, ...current.values());
  for (const [n, id] of ids.entries()) {
    const before = places.at(-1) ?? 0;
    if (id !== undefined) {
      const place = current.get(id);
      if (place === undefined)
        throw invalidField(`steps.${n}.id`, 'unknown_step', 'The sequence has no such step.');
      if (place <= before)
        throw invalidField(
          `steps.${n}.id`,
          'other_order',
          'Steps keep their order; leave the id out to add it as a new step.',
        );
      places.push(place);
      continue;
    }
    const following = ids.slice(n + 1).find((other) => other !== undefined);
    const next = following === undefined ? undefined : current.get(following);
    const place = next === undefined ? Math.max(before, last) + 1 : (before + next) / 2;
    if (place <= before || (next !== undefined && place >= next))
      throw next !== undefined && next <= before
        ? invalidField(`steps.${n}`, 'other_order', 'Steps keep their order.')
        : conflict('no_room', 'Too many steps were put in here; make a new sequence.');
    places.push(place);
  }
  return places;
}
