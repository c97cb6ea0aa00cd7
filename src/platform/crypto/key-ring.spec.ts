import { KeyRing } from './key-ring.js';

describe('KeyRing', () => {
  const [old, young] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const before = new KeyRing({ ENCRYPTION_KEY: old }, 'tests');
  const during = new KeyRing({ ENCRYPTION_KEY: young, ENCRYPTION_KEY_PREVIOUS: old }, 'tests');
  const after = new KeyRing({ ENCRYPTION_KEY: young }, 'tests');
  const secret = Buffer.from('secret');

  it('opens what the previous key sealed, and says so', () => {
    const sealed = before.seal(secret, 'place');
    expect(during.unseal(sealed, 'place')).toEqual({ plaintext: secret, isCurrent: false });
    expect(() => after.unseal(sealed, 'place')).toThrow();
  });

  it('seals with the current key', () => {
    const sealed = during.seal(secret, 'place');
    expect(after.unseal(sealed, 'place')).toEqual({ plaintext: secret, isCurrent: true });
    expect(() => before.unseal(sealed, 'place')).toThrow();
  });

  it('opens nothing in another place or for another purpose', () => {
    const sealed = during.seal(secret, 'place');
    expect(() => during.unseal(sealed, 'elsewhere')).toThrow();
    expect(() => new KeyRing({ ENCRYPTION_KEY: young }, 'others').unseal(sealed, 'place')).toThrow();
  });
});
