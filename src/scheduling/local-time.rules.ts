const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A formatter takes 30 µs to make and 3 µs to use; there are about 600 zones, the rest is other spellings. */
const FORMATTERS_KEPT = 1_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

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

/** What clocks in the zone show at an instant, as if that were UTC. */
function wallClockMs(instantMs: number, timeZone: string): number {
  const shown: Record<string, number> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(instantMs)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  const milliseconds = ((instantMs % 1000) + 1000) % 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) + milliseconds;
}

/** How far the zone's clocks are ahead of UTC at an instant. */
export function offsetMs(instant: Date, timeZone: string): number {
  return wallClockMs(instant.getTime(), timeZone) - instant.getTime();
}

const HAS_OFFSET = /(Z|[+-]\d{2}:\d{2})$/i;

/**
 * The instant of a time that people wrote: with an offset it says itself, without one clocks in the zone decide. A time
 * that the zone skips (spring) is the first instant after the gap; one that it has twice (autumn) is the first.
 *
 * @param written ISO 8601, such as 2026-03-29T02:30 or 2026-03-29T02:30:00+01:00
 */
export function instantOf(written: string, timeZone: string): Date {
  if (HAS_OFFSET.test(written)) return new Date(written);
  const wallMs = new Date(`${written}Z`).getTime();
  // A day away on either side lies beyond any change that concerns this time.
  const before = offsetMs(new Date(wallMs - DAY_MS), timeZone);
  const after = offsetMs(new Date(wallMs + DAY_MS), timeZone);
  const candidates = [wallMs - before, wallMs - after]
    .filter((instantMs) => wallClockMs(instantMs, timeZone) === wallMs)
    .sort((one, other) => one - other);
  const [first] = candidates;
  return new Date(first ?? findChange(wallMs - after, wallMs - before, timeZone));
}

/** The instant between two at which the zone's offset changes: where the skipped time ends. */
function findChange(beforeMs: number, afterMs: number, timeZone: string): number {
  let low = beforeMs;
  let high = afterMs;
  const offsetAfter = offsetMs(new Date(high), timeZone);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(new Date(middle), timeZone) === offsetAfter) high = middle;
    else low = middle;
  }
  return high;
}

/** An instant as clocks in the zone show it, and their offset: `2026-03-29T09:00:00` and `+01:00`. */
export function describeLocally(instant: Date, timeZone: string): { localTime: string; offset: string } {
  const ahead = offsetMs(instant, timeZone);
  const minutes = Math.abs(Math.round(ahead / MINUTE_MS));
  const two = (number: number) => String(number).padStart(2, '0');
  return {
    localTime: new Date(instant.getTime() + ahead).toISOString().slice(0, 19),
    offset: `${ahead < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`,
  };
}
