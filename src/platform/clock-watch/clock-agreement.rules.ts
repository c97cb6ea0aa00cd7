/** Beyond this a promise that names a minute can't be kept, whichever of the two clocks is right. */
export const MOST_APART_MS = 60_000;

/** An answer that took longer tells too little about the clock that it was read from. */
export const LONGEST_READING_MS = 5_000;

/** More than a clock is slewed between two looks: somebody set it. */
export const STEP_MS = 1_000;

/** One look at the database's clock. */
export interface ClockReading {
  readonly databaseMs: number;
  /** This process's wall clock when the answer was there. */
  readonly answeredAtMs: number;
  /** The monotonic clock then. */
  readonly answeredAtMonotonicMs: number;
  /** From question to answer, on the monotonic clock. */
  readonly tookMs: number;
}

/**
 * How far the database's clock is ahead of this process's; below 0 where it is behind.
 * @returns undefined where the answer took too long to tell
 */
export function aheadMsOf({ databaseMs, answeredAtMs, tookMs }: ClockReading): number | undefined {
  return tookMs > LONGEST_READING_MS ? undefined : databaseMs - (answeredAtMs - tookMs / 2);
}

export const doClocksAgree = (aheadMs: number): boolean => Math.abs(aheadMs) <= MOST_APART_MS;

/**
 * By how much the database's clock was set back between two readings: the monotonic clock says how much time went by.
 * @returns 0 where it was not
 */
export function setBackMsOf(earlier: ClockReading, later: ClockReading): number {
  const passedMs = later.answeredAtMonotonicMs - earlier.answeredAtMonotonicMs;
  // Neither answer says when within its time the clock was read.
  const slackMs = STEP_MS + earlier.tookMs + later.tookMs;
  const setBackMs = passedMs - (later.databaseMs - earlier.databaseMs);
  return setBackMs > slackMs ? setBackMs : 0;
}
