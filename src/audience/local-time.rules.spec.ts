import { findTimeZone } from './local-time.rules.js';

describe('findTimeZone', () => {
  it.each([
    ['Europe/Lisbon', 'Europe/Lisbon'],
    [' europe/lisbon ', 'Europe/Lisbon'],
    ['São Paulo', 'America/Sao_Paulo'],
    ['new york', 'America/New_York'],
    ['utc', 'UTC'],
    ['Atlantis', null],
    ['+03:00', null],
    ['', null],
  ])('takes %s for %s', (text, zone) => {
    expect(findTimeZone(text)).toBe(zone);
  });
});
