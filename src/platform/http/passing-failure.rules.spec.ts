import { isPassingFailure } from './passing-failure.rules.js';

describe('isPassingFailure', () => {
  it.each([
    ['a lock that did not come', { code: '55P03' }, true],
    ['a statement whose time was up', { code: '57014' }, true],
    ['a database that stops', { code: '57P01' }, true],
    ['too many connections', { code: '53300' }, true],
    ['a transaction that idled', { code: '25P03' }, true],
    ['a deadlock', { code: '40P01' }, true],
    ['a pool without a place', new Error('timeout exceeded when trying to connect'), true],
    ['a server that is away', { code: 'ECONNREFUSED' }, true],
    ['a constraint', { code: '23505' }, false],
    ['a missing right', { code: '42501' }, false],
    ['a mistake of ours', new TypeError('x is not a function'), false],
    ['what is no error', undefined, false],
  ])('%s: %s', (_, error, isPassing) => {
    expect(isPassingFailure(error)).toBe(isPassing);
  });
});
