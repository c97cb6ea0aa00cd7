import { randomUUID } from 'node:crypto';
import { randomSecret } from '../../platform/crypto/index.js';
import { isApiKey, readApiKey, roleOfKey, writeApiKey } from './api-key.rules.js';

describe('an API key', () => {
  it('is read as it was written', () => {
    for (let n = 0; n < 50; n++) {
      const [id, secret] = [randomUUID(), randomSecret()];
      const key = writeApiKey(id, secret);
      expect(key).toMatch(/^arauto_[0-9a-f]{32}_[\w-]{43}$/);
      expect(isApiKey(key)).toBe(true);
      expect(readApiKey(key)).toEqual({ id, secret });
    }
  });

  it.each([
    '',
    'arauto_',
    `arauto_${'0'.repeat(32)}_`,
    `arauto_${'0'.repeat(32)}_${'x'.repeat(42)}`,
    `arauto_${'0'.repeat(32)}_${'x'.repeat(44)}`,
    `arauto_${'g'.repeat(32)}_${'x'.repeat(43)}`,
    `Arauto_${'0'.repeat(32)}_${'x'.repeat(43)}`,
    `arauto_${'0'.repeat(32)}_${'x'.repeat(43)}\n`,
  ])('is not %j', (token) => {
    expect(readApiKey(token)).toBeUndefined();
  });

  it('is not taken for an access token, nor the other way round', () => {
    expect(isApiKey('eyJhbGciOiJIUzI1NiJ9.e30.x')).toBe(false);
  });
});

describe('roleOfKey', () => {
  it.each([
    ['owner', 'owner', 'owner'],
    ['owner', 'viewer', 'viewer'],
    ['editor', 'owner', 'editor'],
    ['viewer', 'admin', 'viewer'],
  ] as const)('made as %s by who is %s now: %s', (atMaking, now, role) => {
    expect(roleOfKey(atMaking, now)).toBe(role);
  });
});
