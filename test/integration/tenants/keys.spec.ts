import { randomUUID } from 'node:crypto';
import { asTenantId } from '../../../src/platform/identity/index.js';
import { TenantKeys } from '../../../src/tenants/index.js';
import { signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';

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
