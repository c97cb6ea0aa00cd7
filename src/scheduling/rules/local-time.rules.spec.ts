import { describeLocally, instantOf } from './local-time.rules.js';

describe('instantOf', () => {
  it.each([
    ['with an offset, whatever the zone', '2026-03-29T01:30:00+02:00', 'Asia/Tokyo', '2026-03-28T23:30:00Z'],
    ['in UTC', '2026-03-29T01:30Z', 'Asia/Tokyo', '2026-03-29T01:30:00Z'],
    ['winter', '2026-01-15T09:00', 'Europe/Lisbon', '2026-01-15T09:00:00Z'],
    ['summer', '2026-07-15T09:00:00', 'Europe/Lisbon', '2026-07-15T08:00:00Z'],
    ['with milliseconds', '2026-07-15T09:00:00.250', 'Europe/Lisbon', '2026-07-15T08:00:00.250Z'],
    ['skipped: first instant after the gap', '2026-03-29T01:30', 'Europe/Lisbon', '2026-03-29T01:00:00Z'],
    ['skipped: its first minute', '2026-03-29T01:00', 'Europe/Lisbon', '2026-03-29T01:00:00Z'],
    ['just before the gap', '2026-03-29T00:59:59', 'Europe/Lisbon', '2026-03-29T00:59:59Z'],
    ['just after the gap', '2026-03-29T02:00', 'Europe/Lisbon', '2026-03-29T01:00:00Z'],
    ['twice: the first', '2026-10-25T01:30', 'Europe/Lisbon', '2026-10-25T00:30:00Z'],
    ['after the doubled hour', '2026-10-25T02:00', 'Europe/Lisbon', '2026-10-25T02:00:00Z'],
    ['no daylight saving any more', '2026-11-01T00:30', 'America/Sao_Paulo', '2026-11-01T03:30:00Z'],
    [
      'when there still was: midnight skipped',
      '2018-11-04T00:30',
      'America/Sao_Paulo',
      '2018-11-04T03:00:00Z',
    ],
    ['half an hour skipped', '2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
    ['half an hour twice', '2026-04-05T01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00Z'],
    ['a skipped day', '2011-12-30T12:00', 'Pacific/Apia', '2011-12-30T10:00:00Z'],
    ['the day after it', '2011-12-31T00:30', 'Pacific/Apia', '2011-12-30T10:30:00Z'],
    ['quarter hours', '2026-05-05T12:00', 'Asia/Kathmandu', '2026-05-05T06:15:00Z'],
    ['skipped midnight', '2026-04-24T00:30', 'Africa/Cairo', '2026-04-23T22:00:00Z'],
    ['29 February', '2028-02-29T12:00', 'America/New_York', '2028-02-29T17:00:00Z'],
  ])('%s', (_, written, timeZone, expected) => {
    expect(instantOf(written, timeZone).toISOString()).toBe(new Date(expected).toISOString());
  });
});

describe('describeLocally', () => {
  it.each([
    ['2026-07-15T08:00:00Z', 'Europe/Lisbon', '2026-07-15T09:00:00', '+01:00'],
    ['2026-01-01T02:30:00Z', 'America/Sao_Paulo', '2025-12-31T23:30:00', '-03:00'],
    ['2026-05-05T06:15:00.999Z', 'Asia/Kathmandu', '2026-05-05T12:00:00', '+05:45'],
    ['2026-07-15T08:00:00Z', 'UTC', '2026-07-15T08:00:00', '+00:00'],
  ])('%s in %s', (instant, timeZone, localTime, offset) => {
    expect(describeLocally(new Date(instant), timeZone)).toEqual({ localTime, offset });
  });
});
