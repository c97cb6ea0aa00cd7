import { decideRuns, GRACE_MS } from './missed-runs.rules.js';
import { type ScheduleRule } from './schedule-rule.dto.js';

const DUE = new Date('2026-06-01T12:00:00Z');
const later = (ms: number) => new Date(DUE.getTime() + ms);
const minute = 60_000;
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
});
