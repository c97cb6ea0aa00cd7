// How a peer counts: its handler notes each run before it does anything else.
import { percentileOf } from '../surroundings.mjs';

const POLL_MS = 100;
/** Who hasn't come so long after the last due time is lost. */
const GIVEN_UP_MS = 120_000;
/** Long enough for a double to come. */
const WAIT_FOR_DOUBLES_MS = 1_000;

const now = () => performance.timeOrigin + performance.now();

/** When the schedule of this number is due: all within a second, evenly, or at seconds of a minute. */
export const dueMsOf = (n, { count, firstMs, spanMs, stepMs = 0 }) => {
  const offsetMs = (n * spanMs) / count;
  return firstMs + (stepMs > 0 ? Math.floor(offsetMs / stepMs) * stepMs : Math.floor(offsetMs));
};

export class Lateness {
  #workload;
  #times;
  #late = [];
  #seen = 0;

  constructor(workload) {
    this.#workload = workload;
    this.#times = new Uint16Array(workload.count);
  }

  /** The first thing that a handler does. */
  note(n) {
    const lateMs = now() - dueMsOf(n, this.#workload);
    if (this.#times[n]++ > 0) return;
    this.#seen += 1;
    this.#late.push(lateMs);
  }

  async await() {
    const { count, firstMs, spanMs } = this.#workload;
    const deadlineMs = firstMs + spanMs + GIVEN_UP_MS;
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    while (this.#seen < count && now() < deadlineMs) await pause(POLL_MS);
    await pause(WAIT_FOR_DOUBLES_MS);
    return {
      count,
      p50Ms: percentileOf(this.#late, 50),
      p99Ms: percentileOf(this.#late, 99),
      mostMs: percentileOf(this.#late, 100),
      lost: count - this.#seen,
      doubled: this.#times.reduce((sum, times) => sum + Math.max(0, times - 1), 0),
    };
  }
}
