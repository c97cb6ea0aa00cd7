import { type ClockChange } from '../../oracle/zone-clocks.js';
import { type NextRun } from './calendar-cases.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

type Mutate = (right: NextRun, change: ClockChange) => NextRun;

const shiftMs = ({ fromMinute, toMinute }: ClockChange): number => (fromMinute - toMinute) * MINUTE_MS;
const plus = (date: Date | null, ms: number): Date | null => date && new Date(date.getTime() + ms);
/** Claims that an instant lies where clocks show everything for the second time. */
const isAgain = (date: Date | null, change: ClockChange): boolean =>
  date !== null && date.getTime() >= change.atMs && date.getTime() < change.atMs + shiftMs(change);

/** Ways in which calendars are wrong; each must be found out. */
export const CALENDAR_MUTANTS: readonly (readonly [name: string, mutate: Mutate])[] = [
  [
    'what a gap skips is left out',
    (right, change) => (timing, after) => {
      const due = right(timing, after);
      return due?.getTime() === change.atMs && shiftMs(change) < 0 ? right(timing, due) : due;
    },
  ],
  [
    'fixed times come twice',
    (right, change) => (timing, after) => {
      const due = right(timing, after);
      const again = plus(right(timing, new Date(after.getTime() - shiftMs(change))), shiftMs(change));
      return again && isAgain(again, change) && (!due || again < due) ? again : due;
    },
  ],
  [
    'what comes every so often is due the first time only',
    (right, change) => (timing, after) => {
      const due = right(timing, after);
      return isAgain(due, change) ? right(timing, new Date(change.atMs + shiftMs(change) - 1)) : due;
    },
  ],
  [
    'the offset stays that of before the change',
    (right, change) => (timing, after) => {
      const due = right(timing, after);
      return due && due.getTime() > change.atMs ? plus(due, -shiftMs(change)) : due;
    },
  ],
  ['an hour late', (right) => (timing, after) => plus(right(timing, plus(after, -HOUR_MS)!), HOUR_MS)],
  ['due again at once', (right) => (timing, after) => right(timing, plus(after, -1)!)],
  [
    'what is skipped is due before the gap',
    (right, change) => (timing, after) => {
      const due = right(timing, after);
      if (due?.getTime() !== change.atMs || shiftMs(change) > 0) return due;
      const before = plus(due, -MINUTE_MS);
      return before && before > after ? before : right(timing, due);
    },
  ],
  ['hours are not kept', (right) => (timing, after) => right({ ...timing, within: null }, after)],
  [
    'days without a run have some',
    (right) => (timing, after) => right({ ...timing, exceptDates: null }, after),
  ],
  ['the end is not kept', (right) => (timing, after) => right({ ...timing, endsAt: null }, after)],
];
