import { judgeMail } from './invitation.rules.js';

describe('judgeMail', () => {
  it.each([
    [1, 60, { kind: 'allowed' }],
    [4, 3_600, { kind: 'allowed' }],
    [1, 0, { kind: 'too_soon', retryAfterSeconds: 60 }],
    [1, 59.2, { kind: 'too_soon', retryAfterSeconds: 1 }],
    [5, 86_400, { kind: 'too_many' }],
  ])('%i mails, the last %d s ago', (mailsSent, secondsSinceMail, verdict) => {
    expect(judgeMail(mailsSent, secondsSinceMail)).toEqual(verdict);
  });
});
