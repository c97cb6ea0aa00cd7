/** Long polls that one process keeps open; each is a connection. */
export const LONG_POLLS = 500;
/** Telegram answers at once when something happens, and after this otherwise. */
const LONG_POLL_SECONDS = 25;
/** A bot that shares its connection with others is asked this often. */
const SHORT_POLL_PAUSE_MS = 3_000;
/** Most updates that Telegram hands over in one answer. */
export const LARGEST_BATCH = 100;
/** A server that answers a long poll at once with nothing is not asked without a pause. */
const LEAST_EMPTY_PAUSE_MS = 1_000;

/** @param heldBots how many bots this process polls */
export function pollTimeoutSeconds(heldBots: number): number {
  return heldBots <= LONG_POLLS ? LONG_POLL_SECONDS : 0;
}

/** How long to wait before the next poll after one that went well. */
export function pauseAfterPollMs(poll: {
  readonly timeoutSeconds: number;
  readonly tookMs: number;
  readonly updates: number;
}): number {
  if (poll.updates >= LARGEST_BATCH) return 0;
  if (poll.timeoutSeconds === 0) return SHORT_POLL_PAUSE_MS;
  return poll.updates > 0 ? 0 : Math.max(0, LEAST_EMPTY_PAUSE_MS - poll.tookMs);
}

/**
 * How long to wait after the n-th failure in a row: about 1, 2, 4 … 30 s.
 * @param random from 0 to 1; thousands of bots must not come back at the same moment
 */
export function pauseAfterFailureMs(failures: number, random: number): number {
  return Math.min(30_000, 1_000 * 2 ** (failures - 1)) * (0.5 + random / 2);
}

/** Another program fetches, or a webhook is set: asked again after 3 s, then less and less often, up to a minute. */
export function pauseAfterConflictMs(conflicts: number): number {
  return Math.min(60_000, 3_000 * 2 ** (conflicts - 1));
}

/** The first 409 may be the long poll of a process that stopped a moment ago; the second one is somebody else. */
export function isLastingConflict(conflicts: number): boolean {
  return conflicts >= 2;
}
