import { nextRun, type Timing, UnreadableRuleError } from './schedule.rules.js';

/** A schedule whose due times go into a calendar. */
export interface CalendarSource<Label> {
  readonly label: Label;
  readonly timing: Timing;
  /** The due time that waits now. */
  readonly nextRunAt: Date;
  /** Infinity where it has no end by count. */
  readonly runsLeft: number;
}

export interface CalendarRuns<Label> {
  /** In the order of their time. */
  readonly runs: readonly { readonly label: Label; readonly timing: Timing; readonly dueAt: Date }[];
  /** Where the calendar was full, the instant up to which it is complete. */
  readonly completeUntil: Date;
}

/** Runs that end by count are counted from now on; a calendar of the far future is complete only up to where that ends. */
const MOST_COUNTED = 1_000;

/**
 * The due times of many schedules between two instants, both included. It takes one step for each that it shows, however
 * many there are.
 */
export function mergeRuns<Label>(
  sources: readonly CalendarSource<Label>[],
  from: Date,
  to: Date,
  limit: number,
): CalendarRuns<Label> {
  let until = to;
  const coming = sources.flatMap((source) => {
    const begun = begin(source, from);
    // Counted to no end: what it has from there on is not known.
    if (begun && begun.dueAt < from) until = from;
    return begun && begun.dueAt >= from && begun.dueAt <= to ? [{ source, ...begun }] : [];
  });
  coming.sort((one, other) => other.dueAt.getTime() - one.dueAt.getTime());
  const runs = [];
  while (runs.length < limit) {
    const soonest = coming.pop();
    if (!soonest) return { runs, completeUntil: until };
    const { source, dueAt, runsLeft } = soonest;
    runs.push({ label: source.label, timing: source.timing, dueAt });
    const next = runsLeft > 1 ? follow(source.timing, dueAt) : null;
    if (next && next <= to) insertByTime(coming, { source, dueAt: next, runsLeft: runsLeft - 1 });
  }
  const missing = coming.at(-1);
  const full = missing ? new Date(missing.dueAt.getTime() - 1) : until;
  return { runs, completeUntil: full < until ? full : until };
}

/** The first due time from an instant on, and how many runs are left with it; one before it where counting gave up there. */
function begin<Label>(
  { timing, nextRunAt, runsLeft }: CalendarSource<Label>,
  from: Date,
): { dueAt: Date; runsLeft: number } | null {
  if (runsLeft < 1) return null;
  if (nextRunAt >= from) return { dueAt: nextRunAt, runsLeft };
  if (runsLeft === Infinity) {
    const dueAt = follow(timing, new Date(from.getTime() - 1));
    return dueAt && { dueAt, runsLeft };
  }
  let dueAt: Date | null = nextRunAt;
  for (let passed = 0; dueAt && passed < runsLeft; passed++) {
    if (dueAt >= from || passed === MOST_COUNTED) return { dueAt, runsLeft: runsLeft - passed };
    dueAt = follow(timing, dueAt);
  }
  return null;
}

/** What can't be read has no due times: the ticker ends it, and a calendar is not the place to say so. */
function follow(timing: Timing, after: Date): Date | null {
  try {
    return nextRun(timing, after);
  } catch (error) {
    if (error instanceof UnreadableRuleError) return null;
    throw error;
  }
}

/** Into a list that has the soonest last. */
function insertByTime<Item extends { readonly dueAt: Date }>(items: Item[], item: Item): void {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle]!.dueAt > item.dueAt) low = middle + 1;
    else high = middle;
  }
  items.splice(low, 0, item);
}
