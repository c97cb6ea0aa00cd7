/** How a schedule is told to deal with what it missed. */
export interface MissedTerms {
  readonly policy: 'skip' | 'latest' | 'all';
  readonly graceSeconds: number;
}

export interface ExpectedRun {
  readonly dueMs: number;
  readonly state: 'started' | 'skipped';
  readonly reason: 'missed' | 'overtaken' | null;
}

/** As docs/time.md has them. */
const PUNCTUAL_SECONDS = 60;
const MOST_MADE_UP = 20;

/**
 * What the documentation promises of a standstill, counted from the list of all due times: an oracle that shares no code
 * with the product.
 *
 * @param missedMs every due time that nobody could start, in order
 */
export function expectRuns(missedMs: readonly number[], terms: MissedTerms, nowMs: number): ExpectedRun[] {
  const allowedSeconds = terms.policy === 'skip' ? PUNCTUAL_SECONDS : terms.graceSeconds;
  const inTime = missedMs.filter((dueMs) => dueMs >= nowMs - allowedSeconds * 1_000);
  // What is late is made up only where its last one is in time; of several the policy chooses.
  const madeUp = inTime.slice(terms.policy === 'all' ? -MOST_MADE_UP : -1);
  const [first] = missedMs;
  const isFirstTold = first !== undefined && madeUp[0] !== first;
  return [
    ...(isFirstTold
      ? [{ dueMs: first, state: 'skipped', reason: madeUp.length > 0 ? 'overtaken' : 'missed' } as const]
      : []),
    ...madeUp.map((dueMs) => ({ dueMs, state: 'started', reason: null }) as const),
  ];
}
