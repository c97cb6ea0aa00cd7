import { type ScheduleRule } from '../schedule-rule.dto.js';
import { type CalendarSource, mergeRuns } from './calendar.rules.js';

const at = (time: string) => new Date(`2026-06-01T${time}Z`);
const source = (
  label: string,
  expression: string,
  next: string,
  runsLeft = Infinity,
): CalendarSource<string> => ({
  label,
  timing: { rule: { kind: 'cron', expression } satisfies ScheduleRule, timeZone: 'UTC' },
  nextRunAt: at(next),
  runsLeft,
});
const shown = (runs: readonly { label: string; dueAt: Date }[]) =>
  runs.map(({ label, dueAt }) => `${label} ${dueAt.toISOString().slice(11, 16)}`);

describe('mergeRuns', () => {
  const sources = [
    source('a', '0 * * * *', '09:00'),
    source('b', '30 * * * *', '08:30', 2),
    source('c', '0 0 2 6 *', '00:00'),
  ];

  it('puts due times of all in order', () => {
    const { runs, completeUntil } = mergeRuns(sources, at('09:00'), at('11:00'), 100);
    expect(shown(runs)).toEqual(['a 09:00', 'b 09:30', 'a 10:00', 'a 11:00']);
    expect(completeUntil).toEqual(at('11:00'));
  });

  it('says up to where it is complete when there are too many', () => {
    const { runs, completeUntil } = mergeRuns(sources, at('08:00'), at('23:00'), 3);
    expect(shown(runs)).toEqual(['b 08:30', 'a 09:00', 'b 09:30']);
    expect(completeUntil).toEqual(new Date(at('10:00').getTime() - 1));
  });

  it('does not claim to be complete where counting gave up', () => {
    const minutely = source('m', '* * * * *', '00:00', 100_000);
    const later = new Date(at('00:00').getTime() + 2 * 86_400_000);
    const { runs, completeUntil } = mergeRuns([minutely], later, new Date(later.getTime() + 3_600_000), 100);
    expect(runs).toEqual([]);
    expect(completeUntil).toEqual(later);
  });

  it('has nothing to show of what cannot be read', () => {
    const broken = {
      ...source('x', '', '07:00'),
      timing: { rule: { kind: 'cron', expression: 'x' } as ScheduleRule, timeZone: 'UTC' },
    };
    expect(mergeRuns([broken], at('08:00'), at('09:00'), 10).runs).toEqual([]);
  });

  it('is quick with a million due times', () => {
    const many = Array.from({ length: 2_000 }, (_, n) => source(String(n), '* * * * * *', '08:00'));
    const startedMs = performance.now();
    expect(mergeRuns(many, at('08:00'), at('23:00'), 1_000).runs).toHaveLength(1_000);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});
