import { RegistrationPace } from './registration-pace.js';

const PUBLIC = 'https://api.telegram.org';

describe('RegistrationPace', () => {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
  const takeMany = (pace: RegistrationPace, count: number) =>
    Array.from({ length: count }, () => pace.tryTake(PUBLIC, false)).filter(Boolean).length;

  beforeEach(() => (clock.nowMs = 0));

  it('shows 20 tokens a minute and 600 an hour to the public server', () => {
    const pace = new RegistrationPace(clock);
    let taken = 0;
    for (let minute = 0; minute < 40; minute += 1) {
      clock.nowMs = minute * 60_001;
      const now = takeMany(pace, 50);
      expect(now).toBeLessThanOrEqual(20);
      taken += now;
    }
    expect(taken).toBe(600);
    clock.nowMs = 61 * 60_001;
    expect(takeMany(pace, 50)).toBe(20);
  });

  it('holds up neither tokens that are loaded nor other servers', () => {
    const pace = new RegistrationPace(clock);
    takeMany(pace, 20);
    expect(pace.tryTake(PUBLIC, true)).toBe(true);
    expect(pace.tryTake('http://127.0.0.1:8081', false)).toBe(true);
    expect(pace.tryTake(PUBLIC, false)).toBe(false);
  });
});
