import { type PreviewedRun, previewRuns, type Timing } from './schedule.rules.js';

/** Due times in one answer; of a tenant whose chats live all over the world, each zone shows fewer. */
const MOST_SHOWN = 2_000;

export interface ZonesPreview {
  readonly runs: (PreviewedRun & { readonly timeZone: string })[];
  readonly zones: { readonly timeZone: string; readonly runs: PreviewedRun[] }[];
}

/** The next due times in each zone, and of all zones together. */
export function previewZones(
  timing: Timing,
  zones: readonly string[],
  after: Date,
  count: number,
): ZonesPreview {
  const each = Math.max(1, Math.min(count, Math.floor(MOST_SHOWN / zones.length)));
  const shown = zones.map((timeZone) => ({
    timeZone,
    runs: previewRuns({ ...timing, timeZone }, after, each),
  }));
  const runs = shown
    .flatMap(({ timeZone, runs }) => runs.map((run) => ({ ...run, timeZone })))
    .sort((one, other) => one.dueAt.localeCompare(other.dueAt));
  return { runs: runs.slice(0, Math.min(count, each)), zones: shown };
}
