import { Configuration, parseSettings } from '../../config/index.js';
import { type Clock } from '../../platform/clock/index.js';
import { randomSecret } from '../../platform/crypto/index.js';
import { type DispatcherDatabase } from '../../platform/database/index.js';
import { WebhookDirectory } from './webhook-directory.js';
import { WebhookSecret } from './webhook-secret.js';

describe('WebhookDirectory', () => {
  const key = Buffer.alloc(32, 5);
  const secrets = { ENCRYPTION_KEY: key, SESSION_KEY: key, SANDBOX_KEY: key };
  const secret = new WebhookSecret(new Configuration(parseSettings({}), secrets));
  const path = randomSecret();
  const owner = { botNo: '7', tenantId: 'f3a3b6a0-0000-7000-8000-000000000001' };
  let queries: number;
  let directory: WebhookDirectory;

  beforeEach(() => {
    queries = 0;
    const query = (_sql: string, [asked]: readonly unknown[]) => {
      queries += 1;
      return Promise.resolve(asked === path ? [{ no: owner.botNo, tenant_id: owner.tenantId }] : []);
    };
    directory = new WebhookDirectory({ query } as unknown as DispatcherDatabase, secret, {
      monotonicMs: () => 0,
    } as Clock);
  });

  it('asks once for a bot that Telegram posts to again and again', async () => {
    for (let post = 0; post < 3; post += 1) {
      expect(await directory.findOwner(path, secret.of(path))).toEqual(owner);
    }
    expect(queries).toBe(1);
  });

  it.each([
    ['a wrong secret', path, 'wrong'],
    ['no secret', path, ''],
    ['the secret of another path', randomSecret(), secret.of(path)],
    ['a path that is none', 'x', secret.of('x')],
  ])('asks nobody about %s', async (_, givenPath, givenSecret) => {
    expect(await directory.findOwner(givenPath, givenSecret)).toBeUndefined();
    expect(queries).toBe(0);
  });

  it('knows no owner of a path that was given up', async () => {
    const gone = randomSecret();
    expect(await directory.findOwner(gone, secret.of(gone))).toBeUndefined();
    expect(queries).toBe(1);
  });
});
