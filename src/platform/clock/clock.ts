/**
 * The only place that asks the machine for the time. What is promised to people (due instants, leases) goes by the
 * database's clock; this one is for durations and for stamps that nobody compares across machines.
 */
export class Clock {
  /** Wall-clock time. */
  now(): Date {
    return new Date();
  }

  /** Milliseconds on a clock that never steps back; only differences mean anything. */
  monotonicMs(): number {
    return performance.now();
  }
}
