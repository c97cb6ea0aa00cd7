import { randomBytes, randomUUID } from 'node:crypto';
import { BotDirectory } from '../../../src/bots/index.js';
import { asBotId, asTenantId } from '../../../src/platform/identity/index.js';
import {
  KeyRotation,
  KeyRotationRunningError,
  SealedColumns,
  TenantKeys,
} from '../../../src/tenants/index.js';
import { WebhookSecrets } from '../../../src/webhooks/webhook-secrets.js';
import { signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { type BotBody, BotScene } from '../bots/bot-scene.js';

describe("tenants' keys", () => {
  let application: TestApplication;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
  });
  afterAll(() => application.close());

  it("opens a tenant's secret in its place, and nowhere else", async () => {
    const [ana, bia] = [await signUpTenant(application.url), await signUpTenant(application.url)];
    const keys = application.app.get(TenantKeys, { strict: false });
    const { ciphertext, keyVersion } = await keys.sealFor(ana.tenantId, Buffer.from('secret'), 'bot-token/1');
    expect(ciphertext.includes('secret')).toBe(false);
    expect((await keys.openFor(ana.tenantId, keyVersion, ciphertext, 'bot-token/1')).toString()).toBe(
      'secret',
    );
    await expect(keys.openFor(ana.tenantId, keyVersion, ciphertext, 'bot-token/2')).rejects.toThrow();
    await expect(keys.openFor(bia.tenantId, keyVersion, ciphertext, 'bot-token/1')).rejects.toThrow();
    await expect(keys.openFor(ana.tenantId, keyVersion + 1, ciphertext, 'bot-token/1')).rejects.toThrow(
      'no data key',
    );
    await expect(keys.sealFor(asTenantId(randomUUID()), Buffer.from('x'), '')).rejects.toThrow('no data key');
  });
});

const NOTHING_RESEALED = {
  'webhook secrets': 0,
  'older webhook secrets': 0,
  'second factors': 0,
  'bot tokens': 0,
};

describe('a rotation of keys', () => {
  const [old, young] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64')) as [
    string,
    string,
  ];
  let scene: BotScene;
  beforeAll(async () => {
    scene = await BotScene.open();
  });
  afterAll(() => scene.end());

  /** The keys stay exchanged for what comes after. */
  async function withKeys<Result>(
    keys: Record<string, string>,
    work: (application: TestApplication) => Promise<Result>,
  ): Promise<Result> {
    const application = await scene.start('api', keys);
    try {
      return await work(application);
    } finally {
      await scene.close(application);
    }
  }
  const rotate = (application: TestApplication, renewsDataKeys = false) =>
    application.app.get(KeyRotation, { strict: false }).rotate({ renewsDataKeys });

  it('wraps anew, goes on where it was, and lets the old key go', async () => {
    const { tenant, bot } = await withKeys({ ENCRYPTION_KEY: old }, async () => {
      const tenant = await scene.signUp();
      return { tenant, bot: await scene.connect(tenant) };
    });
    await withKeys({ ENCRYPTION_KEY: young, ENCRYPTION_KEY_PREVIOUS: old }, async (application) => {
      // Made meanwhile: wrapped by the new key from the start.
      await scene.connect(await signUpTenant(application.url));
      expect(await rotate(application)).toEqual({
        rewrapped: 1,
        renewed: 0,
        resealed: NOTHING_RESEALED,
        unreadable: 0,
      });
      expect(await rotate(application)).toMatchObject({ rewrapped: 0 });
    });
    await withKeys({ ENCRYPTION_KEY: young }, async (application) => {
      const connected = await application.app.get(BotDirectory, { strict: false }).findById(asBotId(bot.id));
      expect(connected).toMatchObject({ tenantId: tenant.tenantId, token: bot.token });
    });
  });

  it('makes new data keys and seals every token anew', async () => {
    await withKeys({ ENCRYPTION_KEY: young }, async (application) => {
      const before = await scene.look<{ id: string; sealed: Buffer }>(
        'SELECT id, token_ciphertext AS sealed FROM bots ORDER BY id',
      );
      await scene.look(`UPDATE tenant_data_keys SET created_at = now() - interval '2 days'`);
      expect(await rotate(application, true)).toEqual({
        rewrapped: 0,
        renewed: 2,
        resealed: { ...NOTHING_RESEALED, 'bot tokens': 2 },
        unreadable: 0,
      });
      // A second run goes on and makes no third key.
      expect(await rotate(application, true)).toMatchObject({ renewed: 0, resealed: { 'bot tokens': 0 } });
      const after = await scene.look<{ id: string; sealed: Buffer; version: number }>(
        'SELECT id, token_ciphertext AS sealed, token_key_version AS version FROM bots ORDER BY id',
      );
      expect(after.map(({ version }) => version)).toEqual([2, 2]);
      expect(after.some(({ sealed }, n) => sealed.equals(before[n]?.sealed ?? Buffer.alloc(0)))).toBe(false);
      const tenant = await signUpTenant(application.url);
      const bot = await scene.connect(tenant);
      expect((await tenant.client.get<BotBody>(`/bots/${bot.id}`)).body.state).toBe('running');
    });
  });

  it('seals both secrets of a webhook anew, and each still opens', async () => {
    await withKeys({ ENCRYPTION_KEY: young }, async (application) => {
      const { client, tenantId } = await signUpTenant(application.url);
      const given = { url: 'https://example.org/', events: ['webhook.test'] };
      const { body: first } = await client.post<{ id: string; secret: string }>('/webhooks', given);
      const { body: second } = await client.post<{ secret: string }>(`/webhooks/${first.id}/secret`);
      await client.post('/webhooks', given);
      await scene.look(`UPDATE tenant_data_keys SET created_at = now() - interval '2 days'`);
      expect(await rotate(application, true)).toMatchObject({
        resealed: { 'webhook secrets': 2, 'older webhook secrets': 1 },
        unreadable: 0,
      });
      const [row] = await scene.look<{ young: Buffer; old: Buffer; versions: number[] }>(
        `SELECT secret_ciphertext AS young, old_secret_ciphertext AS old,
           ARRAY[secret_key_version, old_secret_key_version] AS versions FROM webhook_endpoints WHERE id = $1`,
        [first.id],
      );
      expect(row?.versions).toEqual([2, 2]);
      const secrets = new WebhookSecrets(application.app.get(TenantKeys, { strict: false }));
      const open = (ciphertext: Buffer = Buffer.alloc(0)) =>
        secrets.open(tenantId, first.id, { ciphertext, keyVersion: 2 });
      expect([await open(row?.young), await open(row?.old)]).toEqual([second.secret, first.secret]);
    });
  });

  it('names what neither key opens, and goes on with the rest', async () => {
    await withKeys({ ENCRYPTION_KEY: old, ENCRYPTION_KEY_PREVIOUS: young }, async (application) => {
      await scene.look(
        `UPDATE tenant_data_keys SET wrapped_key = '\\x00' || substr(wrapped_key, 2)
         WHERE (tenant_id, version) = (SELECT tenant_id, version FROM tenant_data_keys ORDER BY 1, 2 LIMIT 1)`,
      );
      const [all] = await scene.look<{ count: number }>('SELECT count(*)::int FROM tenant_data_keys');
      expect(await rotate(application)).toMatchObject({
        rewrapped: (all?.count ?? 0) - 1,
        unreadable: 1,
      });
    });
  });

  it('is alone', async () => {
    await withKeys({ ENCRYPTION_KEY: old }, async (application) => {
      await scene.look('SELECT pg_advisory_lock(hashtext($1))', ['arauto.rotate_keys']);
      await expect(rotate(application)).rejects.toThrow(KeyRotationRunningError);
      await scene.look('SELECT pg_advisory_unlock(hashtext($1))', ['arauto.rotate_keys']);
    });
  });

  it('knows every column that holds something sealed', async () => {
    await withKeys({ ENCRYPTION_KEY: old }, async (application) => {
      const declared = application.app.get(SealedColumns, { strict: false }).list;
      const columns = await scene.look<{ name: string }>(
        `SELECT relname || '.' || attname AS name FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
          WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            AND attname ~ '(ciphertext|sealed)' AND atttypid = 'bytea'::regtype ORDER BY 1`,
      );
      expect(columns.map(({ name }) => name)).toEqual(
        declared.map(({ table, ciphertext }) => `${table}.${ciphertext}`).sort(),
      );
    });
  });
});
