import { randomUUID } from 'node:crypto';
import { RemoteSandboxWorkspaces } from '../../../src/app/remote-sandbox-workspaces.service.js';
import { readConfiguration } from '../../../src/config/index.js';
import { Clock } from '../../../src/platform/clock/index.js';
import { asTenantId } from '../../../src/platform/identity/index.js';
import { type RunningSandbox } from '../../../src/sandbox/index.js';
import { callMethod, ControlClient, openSandbox, SANDBOX_SECRET } from '../sandbox/control-client.js';

describe('erasing a workspace of the sandbox', () => {
  let sandbox: RunningSandbox;
  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterAll(() => sandbox.close());

  const key = Buffer.alloc(32, 9).toString('base64');
  const speakTo = (environment: Record<string, string>) =>
    new RemoteSandboxWorkspaces(
      readConfiguration({
        ENCRYPTION_KEY: key,
        SESSION_KEY: key,
        SANDBOX_KEY: SANDBOX_SECRET,
        ...environment,
      }),
      new Clock(),
    );

  it('leaves nothing of it, may be repeated, and spares every other', async () => {
    const [leaving, staying] = [new ControlClient(sandbox.url), new ControlClient(sandbox.url)];
    const [gone, kept] = [await leaving.createPair(), await staying.createPair()];
    await callMethod(sandbox.url, gone.bot.token, 'getMe');
    const workspaces = speakTo({ SANDBOX_URL: sandbox.url });
    await workspaces.erase(asTenantId(leaving.workspace));
    await workspaces.erase(asTenantId(leaving.workspace));
    expect((await callMethod(sandbox.url, gone.bot.token, 'getMe')).status).toBe(401);
    expect((await callMethod(sandbox.url, kept.bot.token, 'getMe')).status).toBe(200);
    expect(await leaving.must('GET', '/people')).toEqual({ people: [], hasMore: false });
    expect(await leaving.must('GET', '/ledger')).toMatchObject({ rows: [] });
  });

  it('fails, to be tried again, where the sandbox is away or refuses', async () => {
    const tenant = asTenantId(randomUUID());
    await expect(speakTo({ SANDBOX_URL: 'http://127.0.0.1:9' }).erase(tenant)).rejects.toThrow();
    await expect(speakTo({ SANDBOX_URL: sandbox.url, SANDBOX_KEY: key }).erase(tenant)).rejects.toThrow(
      '401',
    );
  });

  it('has nothing to do where there is no sandbox', async () => {
    await expect(speakTo({ SANDBOX_PORT: '9' }).erase(asTenantId(randomUUID()))).resolves.toBeUndefined();
  });
});
