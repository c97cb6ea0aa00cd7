import { randomBytes } from 'node:crypto';
import { decideRefresh, successorOf } from './refresh-token.rules.js';

describe('decideRefresh', () => {
  const fresh = { isExpired: false, isSessionEnded: false, secondsSinceUse: null };

  it.each([
    ['first use', {}, 'rotate'],
    ['an expired token', { isExpired: true }, 'refuse'],
    ['use again within the grace', { secondsSinceUse: 10 }, 'repeat'],
    ['use again after the grace', { secondsSinceUse: 10.001 }, 'end_session'],
    ['use again after the grace, expired too', { secondsSinceUse: 11, isExpired: true }, 'end_session'],
    ['a session that ended', { isSessionEnded: true }, 'refuse'],
    ['a session that ended, within the grace', { isSessionEnded: true, secondsSinceUse: 1 }, 'refuse'],
  ] as const)('%s', (_, known, decision) => {
    expect(decideRefresh({ ...fresh, ...known })).toBe(decision);
  });
});

describe('successorOf', () => {
  it('is the same each time, and another one with another key', () => {
    const key = randomBytes(32);
    expect(successorOf('token', key)).toBe(successorOf('token', key));
    expect(successorOf('token', key)).not.toBe(successorOf('token', randomBytes(32)));
    expect(successorOf('token', key)).not.toBe('token');
  });
});
