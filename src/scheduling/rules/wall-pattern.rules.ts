import { readWallTime } from './local-time.rules.js';
import { findChange, offsetMsAt, wallMsAt } from './zone-changes.rules.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Times on the clocks of any zone, in milliseconds as if they were UTC. */
export interface WallPattern {
  /** The first one strictly after a time, or null where there is none any more. */
  readonly nextWall: (afterMs: number) => number | null;
  /** Where clocks show an hour twice: whether its times count both times (every so often) or once (fixed times). */
  readonly comesTwice: boolean;
  /** Instants before and after which nothing is due; null or absent where there are none. */
  readonly notBeforeMs?: number | null;
  readonly notAfterMs?: number | null;
}

/**
 * The first instant strictly after another at which a pattern is due in a zone, or null. Times that the zone skips are due
 * once, at the first instant after the gap.
 */
export function nextInstant(pattern: WallPattern, timeZone: string, afterMs: number): number | null {
  const fromMs = Math.max(afterMs, (pattern.notBeforeMs ?? -Infinity) - 1);
  const next = pattern.comesTwice ? nextOfEvery : nextOfFixed;
  const atMs = next(pattern, timeZone, fromMs);
  return atMs === null || atMs > (pattern.notAfterMs ?? Infinity) ? null : atMs;
}

/** The first instant after another at which clocks that show an earlier time then show this one, or have skipped it. */
export function nextShowing(wallMs: number, timeZone: string, afterMs: number): number {
  const once: WallPattern = { comesTwice: true, nextWall: (ms) => (ms < wallMs ? wallMs : null) };
  const atMs = nextInstant(once, timeZone, afterMs);
  if (atMs === null) throw new Error(`Clocks in ${timeZone} don't show ${wallMs} after ${afterMs}.`);
  return atMs;
}

function nextOfFixed(pattern: WallPattern, timeZone: string, afterMs: number): number | null {
  const wallMs = pattern.nextWall(wallMsAt(afterMs, timeZone));
  if (wallMs === null) return null;
  const { atMs } = readWallTime(wallMs, timeZone);
  if (atMs > afterMs) return atMs;
  // The clocks were put back a moment ago, and all that they show again has been due: on to where that ends.
  const change = findChange(timeZone, afterMs - DAY_MS, afterMs);
  if (!change) throw new Error(`${timeZone} has ${wallMs} twice without a change.`);
  const following = pattern.nextWall(change.atMs + change.offsetBeforeMs - 1);
  return following === null ? null : readWallTime(following, timeZone).atMs;
}

/** Walks from change to change: in between, clocks run evenly. */
function nextOfEvery(pattern: WallPattern, timeZone: string, afterMs: number): number | null {
  let offset = offsetMsAt(afterMs, timeZone);
  let wallMs = pattern.nextWall(afterMs + offset);
  let sinceMs = afterMs;
  for (;;) {
    const atMs: number | null = wallMs === null ? null : wallMs - offset;
    // Also where the pattern has ended: clocks that are put back show its last times again.
    const change = findChange(timeZone, sinceMs, atMs ?? sinceMs + DAY_MS);
    if (!change) return atMs;
    const shownAfter = change.atMs + change.offsetAfterMs;
    const goesBack = change.offsetAfterMs < change.offsetBeforeMs;
    if (goesBack) wallMs = pattern.nextWall(shownAfter - 1);
    else if (wallMs !== null && wallMs < shownAfter) return change.atMs;
    offset = change.offsetAfterMs;
    sinceMs = change.atMs;
  }
}
