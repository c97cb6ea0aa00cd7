import { describeSlot, findFreeSlots, isSlot, type WeeklySlots } from './post-slots.rules.js';

const utc = (...slots: WeeklySlots['slots']): WeeklySlots => ({ slots, timeZone: 'UTC' });
const free = (week: WeeklySlots, after: string, count: number, taken: readonly string[] = []) =>
  findFreeSlots(week, new Date(after), new Set(taken.map((one) => Date.parse(one))), count).map((one) =>
    one.toISOString().slice(0, 16),
  );

describe('free slots', () => {
  const week = utc(
    { weekdays: ['MO', 'TH'], times: ['09:00', '18:30'] },
    { weekdays: ['SA'], times: ['11:00'] },
  );

  it('come in the order of their time, whichever group they are of', () => {
    // 2 November 2026 is a Monday.
    expect(free(week, '2026-11-02T08:00Z', 6)).toEqual([
      '2026-11-02T09:00',
      '2026-11-02T18:30',
      '2026-11-05T09:00',
      '2026-11-05T18:30',
      '2026-11-07T11:00',
      '2026-11-09T09:00',
    ]);
  });

  it('begin strictly after the instant, and leave out what somebody has', () => {
    expect(free(week, '2026-11-02T09:00Z', 2, ['2026-11-02T18:30Z', '2026-11-05T18:30Z'])).toEqual([
      '2026-11-05T09:00',
      '2026-11-07T11:00',
    ]);
  });

  it('are one where two groups name the same time', () => {
    const twice = utc({ weekdays: ['MO'], times: ['09:00'] }, { weekdays: ['MO', 'TU'], times: ['09:00'] });
    expect(free(twice, '2026-11-02T00:00Z', 2)).toEqual(['2026-11-02T09:00', '2026-11-03T09:00']);
  });

  it('are none where the queue has none', () => {
    expect(free(utc(), '2026-11-02T00:00Z', 3)).toEqual([]);
  });

  it('keep to the clocks of the zone, and are one after a gap', () => {
    // Lisbon, 29 March 2026: 01:00 becomes 02:00.
    const lisbon: WeeklySlots = {
      slots: [{ weekdays: ['SU'], times: ['01:15', '01:45', '09:00'] }],
      timeZone: 'Europe/Lisbon',
    };
    expect(free(lisbon, '2026-03-28T12:00Z', 3)).toEqual([
      '2026-03-29T01:00',
      '2026-03-29T08:00',
      '2026-04-05T00:15',
    ]);
    // 25 October 2026: 01:00 to 02:00 comes twice; the first counts.
    expect(free(lisbon, '2026-10-24T12:00Z', 3)).toEqual([
      '2026-10-25T00:15',
      '2026-10-25T00:45',
      '2026-10-25T09:00',
    ]);
    expect(describeSlot(lisbon, new Date('2026-03-29T01:00Z'))).toMatchObject({
      localTime: '2026-03-29T02:00:00',
      offset: '+01:00',
      oddity: { kind: 'skipped_time' },
    });
  });

  it('are what stands in the week, and nothing beside it', () => {
    expect(isSlot(week, new Date('2026-11-05T18:30Z'))).toBe(true);
    expect(isSlot(week, new Date('2026-11-05T18:31Z'))).toBe(false);
    expect(isSlot(week, new Date('2026-11-06T18:30Z'))).toBe(false);
    expect(isSlot(utc(), new Date('2026-11-05T18:30Z'))).toBe(false);
  });
});
