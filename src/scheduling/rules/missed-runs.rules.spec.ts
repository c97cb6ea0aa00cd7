import {
  decideRuns as decide,
  DEFAULT_GRACE_SECONDS,
  MOST_MADE_UP,
  type RunPolicy,
} from './missed-runs.rules.js';
import { type ScheduleRule } from '../schedule-rule.dto.js';

const DUE = new Date('2026-06-01T12:00:00Z');
const later = (ms: number) => new Date(DUE.getTime() + ms);
const minute = 60_000;
const GRACE_MS = DEFAULT_GRACE_SECONDS * 1000;
const usual: RunPolicy = { missedPolicy: 'latest', graceSeconds: DEFAULT_GRACE_SECONDS, runsLeft: Infinity };
const decideRuns = (
  rule: ScheduleRule,
  timeZone: string,
  dueAt: Date,
  now: Date,
  policy: Partial<RunPolicy> = {},
) => decide({ rule, timeZone }, { ...usual, ...policy }, dueAt, now);
const everyMinute: ScheduleRule = { kind: 'cron', expression: '* * * * *' };
const once: ScheduleRule = { kind: 'once', at: '2026-06-01T12:00:00Z' };

describe('decideRuns', () => {
  it('runs what is due and goes on', () => {
    expect(decideRuns(everyMinute, 'UTC', DUE, later(30))).toEqual({
      runs: [{ dueAt: DUE }],
      nextRunAt: later(minute),
    });
  });

  it('runs once and has nothing left', () => {
    expect(decideRuns(once, 'UTC', DUE, later(30))).toEqual({ runs: [{ dueAt: DUE }], nextRunAt: null });
  });

  it.each([
    ['within the grace', GRACE_MS, [{ dueAt: DUE }]],
    ['beyond it', GRACE_MS + 1, [{ dueAt: DUE, skipReason: 'missed' }]],
  ])('a single run %s', (_, lateMs, runs) => {
    expect(decideRuns(once, 'UTC', DUE, later(lateMs))).toEqual({ runs, nextRunAt: null });
  });

  it('makes up the latest of many, once', () => {
    expect(decideRuns(everyMinute, 'UTC', DUE, later(3 * 24 * 60 * minute + 1))).toEqual({
      runs: [{ dueAt: DUE, skipReason: 'overtaken' }, { dueAt: later(3 * 24 * 60 * minute) }],
      nextRunAt: later((3 * 24 * 60 + 1) * minute),
    });
  });

  it('makes up none when even the latest is too old', () => {
    const daily: ScheduleRule = { kind: 'cron', expression: '0 12 * * *' };
    const now = later(3 * 24 * 60 * minute + 2 * GRACE_MS);
    expect(decideRuns(daily, 'UTC', DUE, now)).toEqual({
      runs: [{ dueAt: DUE, skipReason: 'missed' }],
      nextRunAt: later(4 * 24 * 60 * minute),
    });
  });

  it('is quick after years of every second', () => {
    const everySecond: ScheduleRule = { kind: 'cron', expression: '* * * * * *' };
    const startedMs = performance.now();
    const decision = decideRuns(everySecond, 'UTC', DUE, new Date('2030-01-01T00:00:00.500Z'));
    expect(performance.now() - startedMs).toBeLessThan(100);
    expect(decision.runs).toHaveLength(2);
    expect(decision.nextRunAt?.toISOString()).toBe('2030-01-01T00:00:01.000Z');
  });

  it('ends an interval whose end passed meanwhile with its last run', () => {
    const rule: ScheduleRule = {
      kind: 'interval',
      everySeconds: 60,
      startAt: '2026-06-01T12:00:00Z',
      endAt: '2026-06-01T12:05:00Z',
    };
    expect(decideRuns(rule, 'UTC', DUE, later(10 * minute))).toEqual({
      runs: [{ dueAt: DUE, skipReason: 'overtaken' }, { dueAt: later(5 * minute) }],
      nextRunAt: null,
    });
  });

  it.each([
    ['a minute', minute, [{ dueAt: DUE }]],
    ['longer', minute + 1, [{ dueAt: DUE, skipReason: 'missed' }]],
  ])('makes up nothing that is late by more than %s where missed runs are skipped', (_, lateMs, runs) => {
    expect(decideRuns(once, 'UTC', DUE, later(lateMs), { missedPolicy: 'skip' })).toEqual({
      runs,
      nextRunAt: null,
    });
  });

  it('makes up all within the grace', () => {
    const { runs, nextRunAt } = decideRuns(everyMinute, 'UTC', DUE, later(10 * minute + 1), {
      missedPolicy: 'all',
      graceSeconds: 3 * 60,
    });
    expect(runs).toEqual([
      { dueAt: DUE, skipReason: 'overtaken' },
      ...[8, 9, 10].map((n) => ({ dueAt: later(n * minute) })),
    ]);
    expect(nextRunAt).toEqual(later(11 * minute));
  });

  it('makes up all from the first, where all are in time', () => {
    const { runs } = decideRuns(everyMinute, 'UTC', DUE, later(3 * minute), { missedPolicy: 'all' });
    expect(runs).toEqual([0, 1, 2, 3].map((n) => ({ dueAt: later(n * minute) })));
  });

  it('makes up the last twenty of very many, and tells of the others in one row', () => {
    const everySecond: ScheduleRule = { kind: 'cron', expression: '* * * * * *' };
    const { runs } = decideRuns(everySecond, 'UTC', DUE, later(30 * minute), { missedPolicy: 'all' });
    expect(runs).toEqual([
      { dueAt: DUE, skipReason: 'overtaken' },
      ...Array.from({ length: MOST_MADE_UP }, (_, n) => ({
        dueAt: later(30 * minute - (MOST_MADE_UP - 1 - n) * 1000),
      })),
    ]);
  });

  it('ends with its last allowed run', () => {
    expect(decideRuns(everyMinute, 'UTC', DUE, later(30), { runsLeft: 1 })).toEqual({
      runs: [{ dueAt: DUE }],
      nextRunAt: null,
    });
    expect(
      decideRuns(everyMinute, 'UTC', DUE, later(5 * minute), { missedPolicy: 'all', runsLeft: 2 }),
    ).toEqual({ runs: [{ dueAt: DUE }, { dueAt: later(minute) }], nextRunAt: null });
  });
});
