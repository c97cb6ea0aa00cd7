import { isWorthAnotherTry } from './mail-failure.rules.js';

describe('isWorthAnotherTry', () => {
  it.each([
    ['a server that is away', { code: 'ECONNREFUSED' }, true],
    ['a server that is busy', { code: 'EENVELOPE', responseCode: 451 }, true],
    ['an unknown recipient', { code: 'EENVELOPE', responseCode: 550 }, false],
    ['a wrong password', { code: 'EAUTH', responseCode: 535 }, false],
    ['something that is no error', undefined, true],
  ])('%s', (_, error, isWorth) => {
    expect(isWorthAnotherTry(error)).toBe(isWorth);
  });
});
