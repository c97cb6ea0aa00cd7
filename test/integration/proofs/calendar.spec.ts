import { nextRun } from '../../../src/scheduling/rules/schedule.rules.js';
import { scheduleRuleSchema, withinSchema } from '../../../src/scheduling/schedule-rule.dto.js';
import { findClockChanges } from '../../oracle/zone-clocks.js';
import { CalendarCases, shareChanges, type SharedChange } from './calendar-cases.js';
import { CALENDAR_MUTANTS } from './calendar-mutants.js';
import { aimPlans } from './calendar-plans.js';
import { atScale, ProofReport } from './proof-report.js';

jest.setTimeout(atScale({ short: 120_000, quick: 300_000, full: 3 * 3_600_000 }));

const [FIRST_YEAR, LAST_YEAR] = atScale<readonly [number, number]>({
  short: [2026, 2026],
  quick: [2026, 2026],
  full: [2020, 2037],
});
/** Otherwise one of those whose clocks do the same, and in the suite none whose clocks do nothing. */
const isEveryZone = atScale({ short: false, quick: false, full: true });
const isEveryOffset = atScale({ short: false, quick: true, full: true });

/** What clocks did or will do that calendars stumble over: who, and when. */
const TRAPS = [
  ['Cairo skips midnight', 'Africa/Cairo', '2026-04-23T22:00Z'],
  ['Lord Howe skips half an hour', 'Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['Lord Howe has half an hour twice', 'Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['New York has half hours twice', 'America/New_York', '2026-11-01T06:00Z'],
  ['New York skips an hour', 'America/New_York', '2026-03-08T07:00Z'],
  ['Samoa skips a day', 'Pacific/Apia', '2011-12-30T10:00Z'],
  ['Kiritimati skips the last day of a year', 'Pacific/Kiritimati', '1994-12-31T10:00Z'],
  ['Kwajalein skips a day', 'Pacific/Kwajalein', '1993-08-21T12:00Z'],
  ['Troll skips two hours', 'Antarctica/Troll', '2026-03-29T01:00Z'],
  ['Vostok has two hours twice', 'Antarctica/Vostok', '2023-12-17T19:00Z'],
  ['Casablanca puts clocks back for Ramadan', 'Africa/Casablanca', '2026-02-15T02:00Z'],
  ['El Aaiun puts them forward after it', 'Africa/El_Aaiun', '2026-03-22T02:00Z'],
  ['Gaza changes on a Saturday', 'Asia/Gaza', '2026-03-28T00:00Z'],
  ['Greenland skips the end of a Saturday', 'America/Nuuk', '2026-03-29T01:00Z'],
  ['Havana has midnight twice', 'America/Havana', '2026-11-01T05:00Z'],
  ['Santiago has the end of a day twice', 'America/Santiago', '2026-04-05T03:00Z'],
  ['Pyongyang puts clocks back by half an hour', 'Asia/Pyongyang', '2015-08-14T15:00Z'],
  ['Pyongyang puts them forward again', 'Asia/Pyongyang', '2018-05-04T15:00Z'],
  ['Caracas puts clocks forward by half an hour', 'America/Caracas', '2016-05-01T07:00Z'],
] as const;

function readTrap(timeZone: string, at: string): SharedChange {
  const year = Number(at.slice(0, 4));
  const change = findClockChanges(timeZone, year, year).find(({ atMs }) => atMs === Date.parse(at));
  if (!change) throw new Error(`No clocks are set in ${timeZone} at ${at}.`);
  return { change, zones: [timeZone] };
}

describe('the calendar', () => {
  const report = new ProofReport('calendar', [
    ...['zones', 'transitions', 'rules', 'cases', 'compared', 'dueTimes', 'probes', 'missed', 'doubled'],
    ...['traps', 'mutants', 'mutantsSurvived'],
  ]);
  afterAll(() => report.write());

  it('asks for what people can write', () => {
    for (const [, timeZone, at] of TRAPS)
      for (const { rule, within } of aimPlans(readTrap(timeZone, at).change)) {
        expect([rule, scheduleRuleSchema.safeParse(rule).error]).toEqual([rule, undefined]);
        if (within) expect([within, withinSchema.safeParse(within).error]).toEqual([within, undefined]);
      }
  });

  it('knows the traps', () => {
    const cases = new CalendarCases(report);
    for (const [, timeZone, at] of TRAPS) {
      cases.run(readTrap(timeZone, at));
      report.add('traps');
    }
    report.line('traps by name', TRAPS.length);
    expect(report.findings).toEqual([]);
  });

  it('is right around every change of clocks, by every kind of rule', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    const changes = shareChanges(zones, FIRST_YEAR, LAST_YEAR).filter(
      ({ change }) => isEveryOffset || change.fromMinute !== change.toMinute,
    );
    const cases = new CalendarCases(report);
    const tried = new Set<string>();
    for (const [n, { change, zones: all }] of changes.entries()) {
      const chosen = isEveryZone ? all : all.slice(0, 1);
      cases.run({ change, zones: chosen });
      for (const timeZone of chosen) tried.add(timeZone);
      report.progress('changes of clocks', n + 1, changes.length);
    }
    report.set('zones', tried.size);
    for (const name of ['zones', 'transitions', 'rules', 'cases', 'compared', 'dueTimes', 'probes'])
      report.line(name, report.count(name));
    report.line('due times missed', report.count('missed'));
    report.line('due times doubled', report.count('doubled'));
    expect(report.findings).toEqual([]);
    expect(report.count('compared')).toBeGreaterThan(0.9 * report.count('cases'));
  });

  it.each(CALENDAR_MUTANTS)('would tell: %s', (name, mutate) => {
    const found = new ProofReport('calendar', ['missed', 'doubled']);
    for (const [, timeZone, at] of TRAPS.slice(0, 3)) {
      const { change, zones } = readTrap(timeZone, at);
      new CalendarCases(found, mutate(nextRun, change)).run({ change, zones });
    }
    report.add('mutants');
    if (found.findings.length === 0) report.find('mutantsSurvived', name);
    expect(found.count('missed') + found.count('doubled')).toBeGreaterThan(0);
  });
});
