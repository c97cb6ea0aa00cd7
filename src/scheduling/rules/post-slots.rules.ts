import { type WEEKDAYS } from './calendar-day.rules.js';
import { nextRun, previewRun, type PreviewedRun, type Timing } from './schedule.rules.js';

/** Times of the day on some weekdays, on the clocks of the queue's zone. */
export interface SlotGroup {
  readonly weekdays: (typeof WEEKDAYS)[number][];
  readonly times: string[];
}

/** The week of a queue. */
export interface WeeklySlots {
  readonly slots: readonly SlotGroup[];
  readonly timeZone: string;
}

/** Weeks repeat, so it doesn't matter which Monday they are counted from, as long as it is past. */
const A_MONDAY = '2020-01-06';

/**
 * The next slots that nobody has, strictly after an instant and in their order. Around changes of clocks slots are what
 * any schedule's times are: one that doesn't exist is the first instant after the gap, one that exists twice is the first;
 * two that come to one instant are one.
 *
 * @param taken instants that other posts have, in epoch milliseconds
 * @returns fewer than `count` where the queue has no slots
 */
export function findFreeSlots(
  week: WeeklySlots,
  after: Date,
  taken: ReadonlySet<number>,
  count: number,
): Date[] {
  const free: Date[] = [];
  const coming = timingsOf(week).map((timing) => ({ timing, next: nextRun(timing, after) }));
  while (free.length < count) {
    const soonest = coming.reduce<Date | null>(
      (earliest, { next }) => (next && (!earliest || next < earliest) ? next : earliest),
      null,
    );
    if (!soonest) return free;
    if (!taken.has(soonest.getTime())) free.push(soonest);
    for (const one of coming) if (one.next && one.next <= soonest) one.next = nextRun(one.timing, soonest);
  }
  return free;
}

/** Whether an instant is one of the queue's slots. */
export function isSlot(week: WeeklySlots, instant: Date): boolean {
  return findTiming(week, instant) !== undefined;
}

/** An instant as people see it: on the clocks of the queue's zone, with what is odd about a slot there. */
export function describeSlot(week: WeeklySlots, instant: Date): PreviewedRun {
  const once: Timing = { rule: { kind: 'once', at: instant.toISOString() }, timeZone: week.timeZone };
  return previewRun(findTiming(week, instant) ?? once, instant);
}

/** Of which slots an instant is one. */
function findTiming(week: WeeklySlots, instant: Date): Timing | undefined {
  const before = new Date(instant.getTime() - 1);
  return timingsOf(week).find((timing) => nextRun(timing, before)?.getTime() === instant.getTime());
}

const timingsOf = ({ slots, timeZone }: WeeklySlots): Timing[] =>
  slots.map(({ weekdays, times }) => ({
    rule: {
      kind: 'calendar',
      unit: 'week',
      every: 1,
      weekdays,
      times,
      startOn: A_MONDAY,
    },
    timeZone,
  }));
