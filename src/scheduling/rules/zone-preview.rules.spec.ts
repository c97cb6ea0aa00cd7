import { previewZones } from './zone-preview.rules.js';

it('shows the due times of each zone by its own clocks, and the next of all', () => {
  const { runs, zones } = previewZones(
    { rule: { kind: 'cron', expression: '0 9 * * *' }, timeZone: 'UTC' },
    ['Asia/Tokyo', 'Europe/Lisbon'],
    new Date('2026-10-24T12:00:00Z'),
    3,
  );
  expect(
    zones.map(({ timeZone, runs }) => [timeZone, runs[1]?.localTime, runs[0]?.offset, runs[1]?.offset]),
  ).toEqual([
    ['Asia/Tokyo', '2026-10-26T09:00:00', '+09:00', '+09:00'],
    // Summer time ends on 25 October.
    ['Europe/Lisbon', '2026-10-26T09:00:00', '+00:00', '+00:00'],
  ]);
  expect(runs.map(({ timeZone, dueAt }) => [timeZone, dueAt])).toEqual([
    ['Asia/Tokyo', '2026-10-25T00:00:00.000Z'],
    ['Europe/Lisbon', '2026-10-25T09:00:00.000Z'],
    ['Asia/Tokyo', '2026-10-26T00:00:00.000Z'],
  ]);
});
