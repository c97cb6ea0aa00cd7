import { parseOptions } from '@node-rs/argon2';
import { PasswordHasher } from './password-hasher.service.js';

describe('PasswordHasher', () => {
  const hasher = new PasswordHasher();
  beforeAll(() => hasher.onModuleInit());

  it('hashes with argon2id, 19 MiB, two passes, and knows its own', async () => {
    const hash = await hasher.hash('correct horse battery');
    expect(hash).toMatch(/^\$argon2id\$/);
    expect(parseOptions(hash)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1 });
    expect(await hasher.isMatch('correct horse battery', hash)).toBe(true);
    expect(await hasher.isMatch('wrong horse battery', hash)).toBe(false);
  });

  it('matches nobody for a person who does not exist', async () => {
    expect(await hasher.isMatch('correct horse battery', undefined)).toBe(false);
  });

  it('refuses what would wait too long, and works again after the rush', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 80 }, () => hasher.isMatch('x', undefined)),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(80 - 2 - 64);
    expect(refused[0]).toMatchObject({
      reason: { status: 503, code: 'busy', headers: { 'retry-after': '2' } },
    });
    expect(await hasher.isMatch('x', undefined)).toBe(false);
  });
});
