import { isTimeZone } from './time-zone.rules.js';

describe('isTimeZone', () => {
  it.each(['UTC', 'America/Sao_Paulo', 'Asia/Kolkata', 'Europe/Lisbon'])('knows %s', (zone) => {
    expect(isTimeZone(zone)).toBe(true);
  });

  it.each(['', 'Mars/Olympus', '+03:00', 'Europe/Lisbon\0', 'Europe/ Lisbon'])('refuses %j', (zone) => {
    expect(isTimeZone(zone)).toBe(false);
  });
});
