import { ApiAccessOracle } from '../../../src/app/index.js';
import { type RunningSandbox } from '../../../src/sandbox/index.js';
import { type SignedUpTenant, signUpTenant } from '../../harness/accounts.js';
import { ApiClient } from '../../harness/client.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { waitUntil } from '../../harness/wait.js';
import { BotScene } from '../bots/bot-scene.js';
import { ControlClient, openSandbox } from '../sandbox/control-client.js';

jest.setTimeout(60_000);

interface AccessBody {
  readonly url: string;
  readonly accessToken: string;
  readonly expiresAt: string;
  readonly pageUrl: string;
}

describe('access to the sandbox', () => {
  let scene: BotScene;
  let sandbox: RunningSandbox;
  let application: TestApplication;

  beforeAll(async () => {
    scene = await BotScene.open();
    ({ sandbox } = scene);
    application = await scene.start('api');
  });
  afterAll(() => scene.end());

  const enter = async (client: ApiClient): Promise<ControlClient> => {
    const { status, body } = await client.post<AccessBody>('/sandbox/access');
    expect(status).toBe(201);
    return ControlClient.with(body.url, body.accessToken);
  };
  const untilShutOut = (control: ControlClient) =>
    waitUntil(async () => (await control.request('GET', '/bots')).status === 401, 10_000);
  const suspend = async ({ tenantId }: SignedUpTenant) => {
    await scene.look(`UPDATE tenants SET state = 'suspended', state_reason = 'tried' WHERE id = $1`, [
      tenantId,
    ]);
    await scene.look(`SELECT pg_notify('access_changes', $1)`, [tenantId]);
  };

  it('opens the own workspace and no other, for minutes', async () => {
    const [ana, bia] = [await scene.signUp(), await scene.signUp()];
    const granted = await ana.client.post<AccessBody>('/sandbox/access');
    expect(granted).toMatchObject({ status: 201, body: { url: sandbox.url } });
    expect(granted.body.pageUrl).toBe(`${sandbox.url}/#token=${granted.body.accessToken}`);
    const minutes = (new Date(granted.body.expiresAt).getTime() - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(14);
    expect(minutes).toBeLessThanOrEqual(15);

    await ControlClient.with(sandbox.url, granted.body.accessToken).createBot('Herald');
    const own = await (await enter(ana.client)).must('GET', '/bots');
    expect(JSON.stringify(own)).toContain('Herald');
    expect(await (await enter(bia.client)).must('GET', '/bots')).toEqual({ bots: [] });
  });

  it('is renewed by whoever still may have it', async () => {
    const control = await enter((await scene.signUp()).client);
    const { accessToken } = await control.must<AccessBody>('POST', '/access/renewal');
    const renewed = ControlClient.with(sandbox.url, accessToken);
    expect((await renewed.request('GET', '/bots')).status).toBe(200);
    expect((await scene.control.request('POST', '/access/renewal')).status).toBe(409);
  });

  it('ends with the session that asked', async () => {
    const { client } = await scene.signUp();
    const control = await enter(client);
    await control.must('GET', '/bots');
    expect((await client.post('/auth/sign-out')).status).toBe(204);
    await untilShutOut(control);
    expect((await control.request('POST', '/access/renewal')).status).toBe(401);
  });

  it('ends with the key that asked', async () => {
    const { client } = await scene.signUp();
    const { body } = await client.post<{ id: string; key: string }>('/api-keys', {
      name: 'tests',
      scopes: ['sandbox:write'],
    });
    const control = await enter(new ApiClient(application.url, body.key));
    await control.must('GET', '/bots');
    expect((await client.delete(`/api-keys/${body.id}`)).status).toBe(204);
    await untilShutOut(control);
  });

  it('ends with the role that allowed it', async () => {
    const ana = await scene.signUp();
    const control = await enter(ana.client);
    await control.must('GET', '/bots');
    await scene.look(`UPDATE members SET role = 'viewer' WHERE user_id = $1`, [ana.userId]);
    await scene.look(`SELECT pg_notify('access_changes', $1)`, [ana.userId]);
    await untilShutOut(control);
  });

  it('ends for a tenant that is suspended, also where it reads events', async () => {
    const ana = await scene.signUp();
    const control = await enter(ana.client);
    const response = await fetch(`${sandbox.url}/sandbox/v1/events`, {
      headers: { authorization: `Bearer ${control.token}` },
    });
    expect(response.status).toBe(200);
    await suspend(ana);
    await untilShutOut(control);
    // Ends by itself: the whole of it can be read.
    expect(await response.text()).toContain('welcome');
  });

  it('opens nothing where nobody can tell who has it', async () => {
    const { client } = await scene.signUp();
    const alone = await openSandbox({ accessOracle: new ApiAccessOracle(() => 'http://127.0.0.1:9') });
    try {
      const { token } = await enter(client);
      expect(await ControlClient.with(alone.url, token).request('GET', '/bots')).toMatchObject({
        status: 503,
        body: { code: 'access_unknown' },
      });
    } finally {
      await alone.close();
    }
  });

  it('names the address that people outside reach', async () => {
    const behindProxy = await startTestApplication(
      {
        ARAUTO_ROLES: 'api',
        SANDBOX_URL: sandbox.url,
        SANDBOX_PUBLIC_URL: 'https://sandbox.example.org/',
      },
      { database: scene.database },
    );
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
