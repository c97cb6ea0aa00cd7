import { type RunPolicy } from './missed-runs.rules.js';
import { type Timing } from './schedule.rules.js';
import { decideZones, followZones, resumeZones, soonestOf } from './zone-runs.rules.js';

const daily: Timing = { rule: { kind: 'cron', expression: '0 9 * * *' }, timeZone: 'UTC' };
const policy: RunPolicy = { missedPolicy: 'latest', graceSeconds: 3600, runsLeft: Infinity };
const at = (written: string) => new Date(written);
const [TOKYO, LISBON, LIMA] = ['Asia/Tokyo', 'Europe/Lisbon', 'America/Lima'];
const zones = [TOKYO, LISBON, LIMA];
const now = at('2026-03-28T12:00:00Z');
const known = followZones(daily, {}, zones, now);

describe('followZones', () => {
  it('begins in each zone at its own time, also over a change of the clocks', () => {
    expect(known).toEqual({
      [TOKYO]: { nextRunAt: '2026-03-29T00:00:00.000Z', runs: 0 },
      // Summer time begins at 01:00 on that day.
      [LISBON]: { nextRunAt: '2026-03-29T08:00:00.000Z', runs: 0 },
      [LIMA]: { nextRunAt: '2026-03-28T14:00:00.000Z', runs: 0 },
    });
    expect(soonestOf(known)).toEqual(at('2026-03-28T14:00:00Z'));
  });

  it('forgets a zone in which nobody lives any more, unless it has had all its runs', () => {
    const stands = { ...known, [TOKYO]: { nextRunAt: null, runs: 3 } };
    expect(Object.keys(followZones(daily, stands, [LISBON], now)).sort()).toEqual([TOKYO, LISBON]);
  });

  it('begins in a new zone from now on, however late the others are', () => {
    const later = at('2026-03-30T09:30:00Z');
    const followed = followZones(daily, known, [...zones, 'UTC'], later);
    expect(followed).toMatchObject(known);
    expect(followed['UTC']).toEqual({ nextRunAt: '2026-03-31T09:00:00.000Z', runs: 0 });
  });
});

describe('decideZones', () => {
  const decide = (stands: typeof known, instant: string, more: Partial<RunPolicy> = {}) =>
    decideZones(daily, { ...policy, ...more }, { known: stands, zones }, at(instant));

  it('runs in the zone whose time has come, and in no other', () => {
    const { runs, nextRunAt, zoneRuns } = decide(known, '2026-03-28T14:00:01Z');
    expect(runs).toEqual([{ dueAt: at('2026-03-28T14:00:00Z'), timeZone: LIMA }]);
    expect(nextRunAt).toEqual(at('2026-03-29T00:00:00Z'));
    expect(zoneRuns).toEqual({ ...known, [LIMA]: { nextRunAt: '2026-03-29T14:00:00.000Z', runs: 1 } });
  });

  it('decides about what was missed in each zone for itself', () => {
    const { runs } = decide(known, '2026-03-29T08:30:00Z');
    expect(runs).toEqual([
      { dueAt: at('2026-03-28T14:00:00Z'), timeZone: LIMA, skipReason: 'missed' },
      { dueAt: at('2026-03-29T00:00:00Z'), timeZone: TOKYO, skipReason: 'missed' },
      { dueAt: at('2026-03-29T08:00:00Z'), timeZone: LISBON },
    ]);
  });

  it('counts runs by zone, and has none left when each zone has had its own', () => {
    let stands = known;
    let next: Date | null = at('2026-03-28T14:00:00Z');
    const started: string[] = [];
    while (next) {
      const { runs, zoneRuns, nextRunAt } = decide(stands, next.toISOString(), { runsLeft: 2 });
      started.push(...runs.map(({ timeZone }) => timeZone));
      [stands, next] = [zoneRuns, nextRunAt];
    }
    expect(started).toEqual([LIMA, TOKYO, LISBON, LIMA, TOKYO, LISBON]);
  });

  it('does nothing before the first is due', () => {
    expect(decide(known, '2026-03-28T13:00:00Z')).toEqual({
      runs: [],
      zoneRuns: known,
      nextRunAt: at('2026-03-28T14:00:00Z'),
    });
  });
});

describe('resumeZones', () => {
  it('makes due what was missed since, but nothing where no run was left', () => {
    const stands = { ...known, [LISBON]: { nextRunAt: null, runs: 1 } };
    expect(resumeZones(daily, stands, at('2026-03-27T12:00:00Z'))).toEqual({
      [TOKYO]: { nextRunAt: '2026-03-28T00:00:00.000Z', runs: 0 },
      [LISBON]: { nextRunAt: null, runs: 1 },
      [LIMA]: { nextRunAt: '2026-03-27T14:00:00.000Z', runs: 0 },
    });
  });
});
