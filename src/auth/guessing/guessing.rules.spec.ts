import {
  type Allowance,
  type Attempts,
  countAttempt,
  forgiveAttempt,
  LIMITS,
  networkOf,
  retryAfterSeconds,
} from './guessing.rules.js';

const { fromOneNetwork, fromStrangers } = LIMITS.password;

function attempt(times: number, allowance: Allowance = fromOneNetwork): Attempts {
  let attempts: Attempts | undefined;
  for (let n = 0; n < times; n++) attempts = countAttempt(attempts, allowance, 1_000);
  return attempts as Attempts;
}

describe('attempts', () => {
  it.each([
    [9, 0],
    [10, 30],
    [11, 60],
    [12, 120],
    [1_000, 900],
  ])('%i of 10 allowed make the next one wait %i s', (times, seconds) => {
    expect(retryAfterSeconds(attempt(times), 1_000)).toBe(seconds);
  });

  it.each([
    [99, 0],
    [100, 5],
    [101, 10],
    [1_000, 300],
  ])('%i of all strangers together make the next stranger wait %i s', (times, seconds) => {
    expect(retryAfterSeconds(attempt(times, fromStrangers), 1_000)).toBe(seconds);
  });

  it('may go on when the wait is over', () => {
    expect(retryAfterSeconds(attempt(10), 31_000)).toBe(0);
    expect(retryAfterSeconds(undefined, 0)).toBe(0);
  });

  it('takes back what succeeded, and its block', () => {
    expect(forgiveAttempt(attempt(10), fromOneNetwork)).toEqual({ count: 9, blockedUntilMs: 0 });
    expect(retryAfterSeconds(forgiveAttempt(attempt(12), fromOneNetwork), 1_000)).toBe(120);
  });
});

describe('networkOf', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s counts for %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
