import { decideRuns } from '../../../src/scheduling/rules/missed-runs.rules.js';
import { nextRun, type Timing } from '../../../src/scheduling/rules/schedule.rules.js';
import { findDueTimes, type Plan } from '../../oracle/due-times.js';
import { type ClockChange, ClockWalk, findClockChanges } from '../../oracle/zone-clocks.js';
import { type AimedPlan, aimPlans, LONGEST_REACH_MINUTES } from './calendar-plans.js';
import { type ProofReport } from './proof-report.js';

const MINUTE_MS = 60_000;
/** Instants from which the next due time is asked for too, as when a schedule is made, resumed or late. */
const PROBES_MS = [-1, 0, 10 * MINUTE_MS + 1, 40 * MINUTE_MS + 500];

/** What is proved: the first due time strictly after an instant. */
export type NextRun = (timing: Timing, after: Date) => Date | null;

/** A change of clocks, and the zones in which they are set so. */
export interface SharedChange {
  readonly change: ClockChange;
  readonly zones: readonly string[];
}

/** The changes of all zones in some years; a zone without any has an ordinary day. */
export function shareChanges(zones: readonly string[], firstYear: number, lastYear: number): SharedChange[] {
  const shared = new Map<string, { change: ClockChange; zones: string[] }>();
  for (const timeZone of zones) {
    const changes = findClockChanges(timeZone, firstYear, lastYear);
    for (const change of changes.length > 0 ? changes : [ordinaryDay(timeZone, firstYear)]) {
      const key = JSON.stringify([change, changes.filter((other) => isNear(change, other))]);
      const known = shared.get(key);
      if (known) known.zones.push(timeZone);
      else shared.set(key, { change, zones: [timeZone] });
    }
  }
  return [...shared.values()].sort((one, other) => one.change.atMs - other.change.atMs);
}

/** Far enough that nothing that is walked through differs. */
const isNear = (one: ClockChange, other: ClockChange): boolean =>
  Math.abs(one.atMs - other.atMs) < 3 * LONGEST_REACH_MINUTES * MINUTE_MS;

function ordinaryDay(timeZone: string, year: number): ClockChange {
  const atMs = Date.UTC(year, 5, 15, 1);
  const minute = new ClockWalk(timeZone, atMs, atMs + MINUTE_MS).secondAt(atMs) / 60;
  return { atMs, fromMinute: minute, toMinute: minute };
}

/** Holds what is proved against the oracle, one plan near one change in one zone after the other. */
export class CalendarCases {
  constructor(
    private readonly report: ProofReport,
    private readonly next: NextRun = nextRun,
  ) {}

  run({ change, zones }: SharedChange): void {
    const reachMs = LONGEST_REACH_MINUTES * MINUTE_MS;
    const walk = new ClockWalk(zones[0]!, change.atMs - reachMs, change.atMs + reachMs);
    const plans = aimPlans(change).map((plan) => ({
      plan,
      due: findDueTimes(plan, walk, ...stretchOf(change.atMs, plan)),
    }));
    for (const timeZone of zones)
      for (const { plan, due } of plans) this.compare({ plan, timeZone, changeMs: change.atMs }, due);
    this.report.add('transitions', change.fromMinute === change.toMinute ? 0 : zones.length);
    this.report.set('rules', Math.max(this.report.count('rules'), plans.length));
  }

  private compare(tried: Tried, expected: readonly number[]): void {
    const { plan, changeMs } = tried;
    const stretch = stretchOf(changeMs, plan);
    const given = this.follow(tried, stretch);
    this.report.add('cases');
    if (expected.length > 0 || given.length > 0) this.report.add('compared');
    this.report.add('dueTimes', expected.length);
    const missing = new Set(expected);
    for (const ms of given) if (!missing.delete(ms)) this.find('doubled', tried, ms);
    for (const ms of missing) this.find('missed', tried, ms);
    if (plan.maxRuns === undefined && expected.length > 0) this.probe(tried, expected, stretch[1]);
  }

  /** The next due time from wherever somebody may ask. */
  private probe(tried: Tried, expected: readonly number[], toMs: number): void {
    for (const probeMs of PROBES_MS) {
      const afterMs = tried.changeMs + probeMs;
      if (Math.abs(probeMs) >= tried.plan.reachMinutes * MINUTE_MS) continue;
      const due = expected.find((ms) => ms > afterMs) ?? toMs;
      const given = this.next(timingOf(tried), new Date(afterMs))?.getTime() ?? Infinity;
      this.report.add('probes');
      if (given < Math.min(due, toMs)) this.find('doubled', tried, given);
      else if (given > due && due < toMs) this.find('missed', tried, due);
    }
  }

  private follow(tried: Tried, [fromMs, toMs]: readonly [number, number]): number[] {
    const { plan } = tried;
    const timing = timingOf(tried);
    const due: number[] = [];
    let dueAt = this.next(timing, new Date(fromMs - 1));
    while (dueAt && dueAt.getTime() < toMs) {
      const isFollowing = !(dueAt.getTime() <= due.at(-1)!);
      due.push(dueAt.getTime());
      if (!isFollowing) break;
      dueAt =
        plan.maxRuns === undefined
          ? this.next(timing, dueAt)
          : decideRuns(timing, { ...PUNCTUAL, runsLeft: plan.maxRuns - due.length + 1 }, dueAt, dueAt)
              .nextRunAt;
    }
    return due;
  }

  private find(name: 'missed' | 'doubled', { plan, timeZone }: Tried, ms: number): void {
    this.report.find(name, `${new Date(ms).toISOString()} in ${timeZone} of ${JSON.stringify(plan)}`);
  }
}

interface Tried {
  readonly plan: AimedPlan;
  readonly timeZone: string;
  readonly changeMs: number;
}

function stretchOf(changeMs: number, { reachMinutes }: AimedPlan): readonly [number, number] {
  const reachMs = reachMinutes * MINUTE_MS;
  return [changeMs - reachMs, changeMs + reachMs];
}

/** As the ticker lets a run start that is in time. */
const PUNCTUAL = { missedPolicy: 'latest', graceSeconds: 3600 } as const;

const timingOf = ({ plan, timeZone }: { plan: Plan; timeZone: string }): Timing => ({
  rule: plan.rule,
  timeZone,
  endsAt: plan.endsAt ?? null,
  exceptDates: plan.exceptDates ?? null,
  within: plan.within ?? null,
});
