import { type ScheduleRule } from '../schedule-rule.dto.js';
import { shiftRule } from './shift-rule.rules.js';

const HOUR = 3_600;
const daily: ScheduleRule = {
  kind: 'calendar',
  unit: 'day',
  times: ['09:00', '22:30'],
  startOn: '2026-01-01',
};
const byStart: ScheduleRule = { kind: 'rrule', rule: 'FREQ=MONTHLY;BYDAY=2TU', startAt: '2026-01-05T09:00' };

describe('shiftRule', () => {
  const shift = (rule: ScheduleRule, seconds: number) => shiftRule(rule, 'Europe/Lisbon', seconds);

  it('moves what is written on clocks on these, whoever’s they are', () => {
    expect(shift({ kind: 'once', at: '2026-07-01T23:30' }, HOUR)).toEqual({
      kind: 'once',
      at: '2026-07-02T00:30:00',
    });
  });

  it('moves instants', () => {
    expect(
      shift(
        { kind: 'interval', everySeconds: 60, startAt: '2026-07-01T09:00Z', endAt: '2026-07-02T09:00Z' },
        -HOUR,
      ),
    ).toMatchObject({ startAt: '2026-07-01T08:00:00.000Z', endAt: '2026-07-02T08:00:00.000Z' });
  });

  it('moves times on the calendar within their days', () => {
    expect(shift(daily, HOUR)).toEqual({ ...daily, times: ['10:00', '23:30'] });
    expect(shift(daily, -90)).toEqual({ ...daily, times: ['08:58:30', '22:28:30'] });
    expect(shift(daily, 2 * HOUR)).toBeNull();
    expect(shift(daily, -10 * HOUR)).toBeNull();
  });

  it('moves an RRULE whose times are its start’s, and no line that names its times', () => {
    expect(shift(byStart, HOUR)).toEqual({ ...byStart, startAt: '2026-01-05T10:00:00' });
    expect(shift(byStart, 20 * HOUR)).toBeNull();
    expect(shift({ ...byStart, rule: 'FREQ=DAILY;BYHOUR=9' }, HOUR)).toBeNull();
    expect(shift({ kind: 'cron', expression: '0 9 * * *' }, HOUR)).toBeNull();
  });
});
