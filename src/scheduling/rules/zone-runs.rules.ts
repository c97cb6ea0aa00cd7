import { decideRuns, type DecidedRun, type RunPolicy } from './missed-runs.rules.js';
import { nextRun, type Timing } from './schedule.rules.js';

/** Where a schedule stands in one zone, as it is stored. */
export interface ZoneRun {
  /** ISO 8601; null where no run is left. */
  readonly nextRunAt: string | null;
  /** How many runs were let start. */
  readonly runs: number;
}
export type ZoneRuns = Readonly<Record<string, ZoneRun>>;

export interface ZonedRun extends DecidedRun {
  readonly timeZone: string;
}

/** Keeps where a schedule stands, and begins from now on in zones that are new to it. */
export function followZones(timing: Timing, known: ZoneRuns, zones: readonly string[], now: Date): ZoneRuns {
  // Who comes back to a zone in which nothing was left gets nothing a second time.
  const kept = Object.entries(known).filter(([zone, run]) => zones.includes(zone) || run.nextRunAt === null);
  const begun = zones
    .filter((zone) => known[zone] === undefined)
    .map((zone) => [zone, { nextRunAt: nextIn(timing, zone, now), runs: 0 }] as const);
  return Object.fromEntries([...kept, ...begun]);
}

/** Makes due first what was missed since an instant, where more was to come. */
export const resumeZones = (timing: Timing, known: ZoneRuns, since: Date): ZoneRuns =>
  Object.fromEntries(
    Object.entries(known).map(([zone, run]) => [
      zone,
      run.nextRunAt === null ? run : { ...run, nextRunAt: nextIn(timing, zone, since) },
    ]),
  );

/** Null where no zone has a run left. */
export function soonestOf(zoneRuns: ZoneRuns): Date | null {
  const times = Object.values(zoneRuns).flatMap(({ nextRunAt }) => nextRunAt ?? []);
  return times.length === 0 ? null : new Date(times.reduce((one, other) => (other < one ? other : one)));
}

/**
 * What becomes of a schedule in every zone in which it is due: in each as {@link decideRuns} has it.
 *
 * @param policy its `runsLeft` is what each zone has in all
 * @param zones in which chats live now
 * @throws UnreadableRuleError
 */
export function decideZones(
  timing: Timing,
  policy: RunPolicy,
  { known, zones }: { readonly known: ZoneRuns; readonly zones: readonly string[] },
  now: Date,
): { readonly runs: readonly ZonedRun[]; readonly zoneRuns: ZoneRuns; readonly nextRunAt: Date | null } {
  const decided: ZonedRun[] = [];
  const zoneRuns: Record<string, ZoneRun> = { ...followZones(timing, known, zones, now) };
  for (const [timeZone, run] of Object.entries(zoneRuns)) {
    const dueAt = run.nextRunAt === null ? null : new Date(run.nextRunAt);
    if (dueAt === null || dueAt > now) continue;
    const ownPolicy = { ...policy, runsLeft: policy.runsLeft - run.runs };
    const { runs, nextRunAt } = decideRuns({ ...timing, timeZone }, ownPolicy, dueAt, now);
    const started = runs.filter(({ skipReason }) => skipReason === undefined).length;
    zoneRuns[timeZone] = { nextRunAt: nextRunAt?.toISOString() ?? null, runs: run.runs + started };
    decided.push(...runs.map((one) => ({ ...one, timeZone })));
  }
  decided.sort((one, other) => one.dueAt.getTime() - other.dueAt.getTime());
  return { runs: decided, zoneRuns, nextRunAt: soonestOf(zoneRuns) };
}

const nextIn = (timing: Timing, timeZone: string, after: Date): string | null =>
  nextRun({ ...timing, timeZone }, after)?.toISOString() ?? null;

/** The zones for people, the soonest first. */
export const viewZones = (zoneRuns: ZoneRuns): (ZoneRun & { timeZone: string })[] =>
  Object.entries(zoneRuns)
    .map(([timeZone, run]) => ({ timeZone, ...run }))
    .sort((one, other) => (one.nextRunAt ?? '~').localeCompare(other.nextRunAt ?? '~'));
