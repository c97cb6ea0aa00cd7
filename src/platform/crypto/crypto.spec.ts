import { randomBytes } from 'node:crypto';
import { deriveKey, isSameSecret, seal, unseal } from './crypto.js';

describe('seal', () => {
  const key = randomBytes(32);

  it('gives back what it was given', () => {
    expect(unseal(key, seal(key, Buffer.from('123:token'), 'bot'), 'bot').toString()).toBe('123:token');
  });

  it.each([
    ['another key', () => unseal(randomBytes(32), seal(key, Buffer.from('x'), 'bot'), 'bot')],
    ['another place', () => unseal(key, seal(key, Buffer.from('x'), 'bot'), 'other bot')],
    [
      'a changed text',
      () => {
        const sealed = seal(key, Buffer.from('x'), 'bot');
        sealed[13]! ^= 1;
        return unseal(key, sealed, 'bot');
      },
    ],
    ['a shortened text', () => unseal(key, seal(key, Buffer.from('x'), 'bot').subarray(0, 20), 'bot')],
  ])('does not open with %s', (_, attempt) => {
    expect(attempt).toThrow();
  });

  it('never seals the same way twice', () => {
    expect(seal(key, Buffer.from('x'), '').equals(seal(key, Buffer.from('x'), ''))).toBe(false);
  });
});

describe('deriveKey', () => {
  it('makes one key a purpose', () => {
    const master = randomBytes(32);
    expect(deriveKey(master, 'a').equals(deriveKey(master, 'a'))).toBe(true);
    expect(deriveKey(master, 'a').equals(deriveKey(master, 'b'))).toBe(false);
  });
});

describe('isSameSecret', () => {
  it('tells equal from different, of any length', () => {
    expect(isSameSecret('abc', 'abc')).toBe(true);
    expect(isSameSecret('abc', 'abd')).toBe(false);
    expect(isSameSecret('', 'abc')).toBe(false);
  });
});
