const DAY_MS = 24 * 60 * 60 * 1000;
/** Changes lie weeks apart (the nearest since 1970: Morocco's Ramadan, a month), so looking weekly misses none. */
const LOOK_EVERY_MS = 7 * DAY_MS;
/** Zones times years: all zones for thirty years. One takes half a millisecond to make and 200 bytes to keep. */
const YEARS_KEPT = 20_000;
/** A formatter takes 30 µs to make and 3 µs to use; there are about 600 zones, the rest is other spellings. */
const FORMATTERS_KEPT = 1_000;

/** An instant at which a zone's clocks are set; offsets say how far they are ahead of UTC. */
export interface ZoneChange {
  readonly atMs: number;
  readonly offsetBeforeMs: number;
  readonly offsetAfterMs: number;
}

interface ZoneYear {
  readonly firstOffsetMs: number;
  readonly changes: readonly ZoneChange[];
}

const formatters = new Map<string, Intl.DateTimeFormat>();
const years = new Map<string, ZoneYear>();

/** How far the zone's clocks are ahead of UTC at an instant. @throws RangeError for a zone that nobody knows */
export function offsetMsAt(instantMs: number, timeZone: string): number {
  const { firstOffsetMs, changes } = yearOf(timeZone, new Date(instantMs).getUTCFullYear());
  let offset = firstOffsetMs;
  for (const change of changes) if (change.atMs <= instantMs) offset = change.offsetAfterMs;
  return offset;
}

/** What clocks in the zone show at an instant, as if that were UTC. */
export const wallMsAt = (instantMs: number, timeZone: string): number =>
  instantMs + offsetMsAt(instantMs, timeZone);

/** The first change after an instant and not after another. */
export function findChange(timeZone: string, afterMs: number, untilMs: number): ZoneChange | undefined {
  const lastYear = new Date(untilMs).getUTCFullYear();
  for (let year = new Date(afterMs).getUTCFullYear(); year <= lastYear; year++) {
    for (const change of yearOf(timeZone, year).changes) {
      if (change.atMs > untilMs) return undefined;
      if (change.atMs > afterMs) return change;
    }
  }
  return undefined;
}

function yearOf(timeZone: string, year: number): ZoneYear {
  const key = `${timeZone} ${year}`;
  const kept = years.get(key);
  if (kept) return kept;
  const made = readYear(timeZone, year);
  if (years.size >= YEARS_KEPT) years.clear();
  years.set(key, made);
  return made;
}

function readYear(timeZone: string, year: number): ZoneYear {
  const endMs = Date.UTC(year + 1, 0, 1);
  let lookedAtMs = Date.UTC(year, 0, 1);
  let offset = readOffset(lookedAtMs, timeZone);
  const firstOffsetMs = offset;
  const changes: ZoneChange[] = [];
  while (lookedAtMs < endMs) {
    const lookMs = Math.min(lookedAtMs + LOOK_EVERY_MS, endMs);
    const looked = readOffset(lookMs, timeZone);
    if (looked !== offset) {
      const atMs = findSecond(lookedAtMs, lookMs, (ms) => readOffset(ms, timeZone) === looked);
      // A change in the first instant of the next year is that year's beginning.
      if (atMs < endMs) changes.push({ atMs, offsetBeforeMs: offset, offsetAfterMs: looked });
      offset = looked;
    }
    lookedAtMs = lookMs;
  }
  return { firstOffsetMs, changes };
}

/** The first whole second of a stretch for which a claim holds that holds from there on. */
function findSecond(fromMs: number, toMs: number, holds: (ms: number) => boolean): number {
  let low = Math.floor(fromMs / 1000);
  let high = Math.floor(toMs / 1000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle * 1000)) high = middle;
    else low = middle;
  }
  return high * 1000;
}

function readOffset(instantMs: number, timeZone: string): number {
  const shown: Record<string, number> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(instantMs)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) - instantMs;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const kept = formatters.get(timeZone);
  if (kept) return kept;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  if (formatters.size >= FORMATTERS_KEPT) formatters.clear();
  formatters.set(timeZone, made);
  return made;
}
