import { startSandbox, type RunningSandbox } from '../../../src/sandbox/index.js';
import { signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';

describe('access to the sandbox', () => {
  const key = Buffer.alloc(32, 3).toString('base64');
  let sandbox: RunningSandbox;
  let application: TestApplication;

  beforeAll(async () => {
    sandbox = await startSandbox({ host: '127.0.0.1', port: 0, secret: key });
    application = await startTestApplication({
      ARAUTO_ROLES: 'api',
      SANDBOX_KEY: key,
      SANDBOX_URL: sandbox.url,
    });
  });
  afterAll(async () => {
    await application.close();
    await sandbox.close();
  });

  interface AccessBody {
    url: string;
    accessToken: string;
    expiresAt: string;
    pageUrl: string;
  }
  const control = (access: AccessBody, path: string, body?: object) =>
    fetch(`${access.url}/sandbox/v1${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${access.accessToken}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });

  it('opens the own workspace and no other', async () => {
    const [ana, bia] = [await signUpTenant(application.url), await signUpTenant(application.url)];
    const granted = await ana.client.post<AccessBody>('/sandbox/access');
    expect(granted).toMatchObject({ status: 201, body: { url: sandbox.url } });
    expect(granted.body.pageUrl).toBe(`${sandbox.url}/#token=${granted.body.accessToken}`);
    const hours = (new Date(granted.body.expiresAt).getTime() - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThanOrEqual(12);

    expect((await control(granted.body, '/bots', { firstName: 'Herald' })).status).toBe(201);
    expect(await (await control(granted.body, '/bots')).text()).toContain('Herald');
    const foreign = (await bia.client.post<AccessBody>('/sandbox/access')).body;
    expect(await (await control(foreign, '/bots')).text()).not.toContain('Herald');
  });

  it('names the address that people outside reach', async () => {
    const behindProxy = await startTestApplication({
      ARAUTO_ROLES: 'api',
      SANDBOX_URL: sandbox.url,
      SANDBOX_PUBLIC_URL: 'https://sandbox.example.org/',
    });
    try {
      const { client } = await signUpTenant(behindProxy.url);
      const { body } = await client.post<AccessBody>('/sandbox/access');
      expect(body.url).toBe('https://sandbox.example.org');
      expect(body.pageUrl).toBe(`https://sandbox.example.org/#token=${body.accessToken}`);
    } finally {
      await behindProxy.close();
    }
  });
});
