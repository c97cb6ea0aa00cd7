/*
 * The oracle of the calendar, first part: what clocks show, minute by minute, as Intl tells it. It shares no code with
 * the product, nor its way to look for changes.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** The most that clocks were ever put back at once: a day, where the date line moved. */
const LEAD_MS = 25 * HOUR_MS;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What clocks show, such as `2026-03-29 02:00`. */
export function show(ms: number, timeZone: string): string {
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
    clocks.set(timeZone, clock);
  }
  return clock.format(ms);
}

/** The minute that clocks show, counted from 1970-01-01T00:00 on them. */
const shownMinute = (ms: number, timeZone: string): number =>
  Date.parse(`${show(ms, timeZone).replace(' ', 'T')}Z`) / MINUTE_MS;

/** An instant at which clocks are set: they would have shown one minute, and show another. */
export interface ClockChange {
  readonly atMs: number;
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** Every change of a zone's clocks in some years, by a look at every day. */
export function findClockChanges(timeZone: string, firstYear: number, lastYear: number): ClockChange[] {
  const changes: ClockChange[] = [];
  const aheadAt = (ms: number) => shownMinute(ms, timeZone) - ms / MINUTE_MS;
  let ahead = aheadAt(Date.UTC(firstYear, 0, 1));
  for (let ms = Date.UTC(firstYear, 0, 1); ms < Date.UTC(lastYear + 1, 0, 1); ms += DAY_MS) {
    const next = aheadAt(ms + DAY_MS);
    if (next === ahead) continue;
    let atMs = ms;
    for (const step of [HOUR_MS, MINUTE_MS]) while (aheadAt(atMs + step) === ahead) atMs += step;
    atMs += MINUTE_MS;
    changes.push({ atMs, fromMinute: atMs / MINUTE_MS + ahead, toMinute: atMs / MINUTE_MS + next });
    ahead = next;
  }
  return changes;
}

/** A stretch of time, walked through minute by minute. */
export class ClockWalk {
  private readonly shown: number[] = [];
  private readonly instants = new Map<number, number[]>();
  private readonly gaps: {
    readonly firstMinute: number;
    readonly endMinute: number;
    readonly endMs: number;
  }[] = [];
  private readonly startMs: number;

  /** @param fromMs a full minute, as `toMs`, which is not walked to itself */
  constructor(
    timeZone: string,
    readonly fromMs: number,
    readonly toMs: number,
  ) {
    this.startMs = fromMs - LEAD_MS;
    for (let ms = this.startMs; ms < toMs; ms += MINUTE_MS) {
      const minute = shownMinute(ms, timeZone);
      const expected = (this.shown.at(-1) ?? minute - 1) + 1;
      if (minute > expected) this.gaps.push({ firstMinute: expected, endMinute: minute, endMs: ms });
      this.shown.push(minute);
      const instants = this.instants.get(minute);
      if (instants) instants.push(ms);
      else this.instants.set(minute, [ms]);
    }
  }

  /** The second that clocks show at an instant of the stretch, counted from 1970-01-01T00:00:00 on them. */
  secondAt(ms: number): number {
    const minutes = Math.floor((ms - this.startMs) / MINUTE_MS);
    const minute = this.shown[minutes];
    if (minute === undefined) throw new RangeError(`${new Date(ms).toISOString()} was not walked.`);
    return minute * 60 + ((ms - this.startMs) % MINUTE_MS) / 1000;
  }

  /** The first and the last second that clocks show between two instants, or skip there. */
  secondsBetween(fromMs: number, toMs: number): readonly [number, number] {
    const place = (ms: number) => Math.floor((ms - this.startMs) / MINUTE_MS);
    const minutes = this.shown.slice(place(fromMs - MINUTE_MS), place(toMs) + 1);
    return [Math.min(...minutes) * 60, Math.max(...minutes) * 60 + 59];
  }

  /**
   * The instants of a second on clocks: all at which they show it, or the first one after the gap that it lies in. None
   * lies outside of what was walked.
   */
  instantsOf(second: number): number[] {
    const minute = Math.floor(second / 60);
    const instants = this.instants.get(minute);
    if (instants) return instants.map((ms) => ms + (second - minute * 60) * 1000);
    const gap = this.gaps.find((one) => one.firstMinute <= minute && minute < one.endMinute);
    return gap ? [gap.endMs] : [];
  }
}
