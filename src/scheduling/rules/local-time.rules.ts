import { findChange, offsetMsAt, wallMsAt } from './zone-changes.rules.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What a zone makes of a time on its clocks. */
export interface WallTime {
  /** The instant that stands for it: the only one, the first of two, or the end of the gap that skips it. */
  readonly atMs: number;
  readonly existence: 'once' | 'twice' | 'never';
}

/**
 * The instant of a time on the clocks of a zone. One that the zone skips (spring) is the first instant after the gap;
 * one that it has twice (autumn) is the first. Later times never come to earlier instants.
 *
 * @param wallMs what the clocks show, as if that were UTC
 */
export function readWallTime(wallMs: number, timeZone: string): WallTime {
  // A day away on either side lies beyond any change that concerns this time.
  const before = offsetMsAt(wallMs - DAY_MS, timeZone);
  const after = offsetMsAt(wallMs + DAY_MS, timeZone);
  if (before === after) return { atMs: wallMs - before, existence: 'once' };
  const [first, second] = [wallMs - before, wallMs - after]
    .filter((instantMs) => wallMsAt(instantMs, timeZone) === wallMs)
    .sort((one, other) => one - other);
  if (first !== undefined) return { atMs: first, existence: second === undefined ? 'once' : 'twice' };
  const change = findChange(timeZone, wallMs - DAY_MS, wallMs + DAY_MS);
  return { atMs: change?.atMs ?? wallMs - after, existence: 'never' };
}

const OFFSET = /(Z|[+-]\d{2}:\d{2})$/i;

/** Claims that a written time says itself which instant it is. */
export const hasOffset = (written: string): boolean => OFFSET.test(written);

/**
 * The instant of a time that people wrote: with an offset it says itself, without one clocks in the zone decide, as in
 * {@link readWallTime}.
 *
 * @param written ISO 8601, such as 2026-03-29T02:30 or 2026-03-29T02:30:00+01:00
 */
export function instantOf(written: string, timeZone: string): Date {
  if (hasOffset(written)) return new Date(written);
  return new Date(readWallTime(new Date(`${written}Z`).getTime(), timeZone).atMs);
}

/** What the zone's clocks show at a time that people wrote, as if that were UTC. */
export const wallOf = (written: string, timeZone: string): number =>
  hasOffset(written) ? wallMsAt(new Date(written).getTime(), timeZone) : new Date(`${written}Z`).getTime();

/** An instant as clocks in the zone show it, and their offset: `2026-03-29T09:00:00` and `+01:00`. */
export function describeLocally(instant: Date, timeZone: string): { localTime: string; offset: string } {
  const ahead = offsetMsAt(instant.getTime(), timeZone);
  const minutes = Math.abs(Math.round(ahead / MINUTE_MS));
  const two = (number: number) => String(number).padStart(2, '0');
  return {
    localTime: new Date(instant.getTime() + ahead).toISOString().slice(0, 19),
    offset: `${ahead < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`,
  };
}
