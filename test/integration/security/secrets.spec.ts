import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { PASSWORD, type SignedUpTenant } from '../../harness/accounts.js';
import { type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { type BotBody, BotScene, waitUntil } from '../bots/bot-scene.js';

jest.setTimeout(90_000);

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' };

/** Goes through everything that handles a secret, also where it fails, and reads every line that was written. */
describe('no secret is written down', () => {
  const keys = {
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    SESSION_KEY: randomBytes(32).toString('base64'),
    SANDBOX_KEY: randomBytes(32).toString('base64'),
  };
  const password = `${PASSWORD} ${randomBytes(6).toString('hex')}`;
  const written: string[] = [];
  const secrets: Record<string, string> = { ...keys, password };
  const restored = new Map(
    [process.stdout, process.stderr].map((stream) => [stream, stream.write.bind(stream)]),
  );
  let scene: BotScene;
  let application: TestApplication;
  let tenant: SignedUpTenant;

  beforeAll(async () => {
    for (const stream of restored.keys())
      stream.write = (chunk: string | Uint8Array) => {
        written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
        return true;
      };
    scene = await BotScene.open();
    application = await scene.start('api,scheduler,worker,poller', { ...keys, LOG_LEVEL: 'trace' });
    tenant = await scene.signUp();
    for (const login of ['app', 'dispatcher', 'owner'] as const)
      secrets[`password of ${login}`] = new URL(scene.database.urls[login]).password;
  });
  afterAll(async () => {
    await scene.end();
    for (const [stream, write] of restored) stream.write = write;
  });

  interface Session {
    accessToken: string;
    refreshToken: string;
  }
  const anonymous = () => new ApiClient(application.url);
  const keep = (name: string, { accessToken, refreshToken }: Session) => {
    secrets[`access token ${name}`] = accessToken;
    secrets[`refresh token ${name}`] = refreshToken;
  };
  /** Makes every statement on a table fail while something is tried. */
  async function whileBroken(table: string, work: () => Promise<{ status: number; body: unknown }>) {
    await scene.look(`ALTER TABLE ${table} RENAME TO ${table}_broken`);
    try {
      const answer = await work();
      expect(answer.status).toBe(500);
      expect(JSON.stringify(answer.body)).not.toContain(table);
    } finally {
      await scene.look(`ALTER TABLE ${table}_broken RENAME TO ${table}`);
    }
  }

  it('of people', async () => {
    const person = { email: 'written@example.org', password, name: 'Ana', tenantName: 'Acme' };
    const signedUp = await anonymous().post<Session>('/auth/sign-up', person);
    expect(signedUp.status).toBe(201);
    keep('of sign-up', signedUp.body);
    expect((await anonymous().post('/auth/sign-up', person)).status).toBe(409);
    const { email } = person;
    const refused = await anonymous().post('/auth/sign-in', { email, password: `${password}!` });
    expect(refused.status).toBe(401);
    const signedIn = await anonymous().post<Session>('/auth/sign-in', { email, password });
    expect(signedIn.status).toBe(200);
    keep('of sign-in', signedIn.body);
    const { refreshToken } = signedIn.body;
    const refreshed = await anonymous().post<Session>('/auth/refresh', { refreshToken });
    keep('of refresh', refreshed.body);
    await scene.look(
      `UPDATE refresh_tokens SET used_at = now() - interval '1 hour' WHERE used_at IS NOT NULL`,
    );
    expect((await anonymous().post('/auth/refresh', { refreshToken })).status).toBe(401);
    await whileBroken('users', () => anonymous().post('/auth/sign-in', { email, password }));
    await whileBroken('refresh_tokens', () => anonymous().post('/auth/refresh', { refreshToken }));
    await whileBroken('members', () =>
      anonymous().post('/auth/sign-up', { ...person, email: 'another@example.org' }),
    );
  });

  it('of accounts', async () => {
    const { client, email } = await scene.signUp();
    const { mailbox } = application;
    secrets['link of a confirmation'] = await mailbox.receiveToken(email);
    const { body } = await client.post<{ secret: string }>('/auth/second-factor/set-up', {
      password: PASSWORD,
    });
    secrets['authenticator secret'] = body.secret;
    await whileBroken('second_factors', () => client.post('/auth/second-factor/confirm', { code: '123456' }));
    const confirmed = await client.post<{ recoveryCodes: string[] }>('/auth/second-factor/confirm', {
      code: new TOTP({ secret: Secret.fromBase32(body.secret) }).generate(),
    });
    for (const [n, code] of confirmed.body.recoveryCodes.entries()) secrets[`recovery code ${n}`] = code;
    const begun = await anonymous().post<{ challenge: string }>('/auth/sign-in', {
      email,
      password: PASSWORD,
    });
    const { challenge } = begun.body;
    secrets['challenge'] = challenge;
    const shown = { challenge, recoveryCode: confirmed.body.recoveryCodes[0], transport: 'cookie' };
    await whileBroken('recovery_codes', () =>
      anonymous().post('/auth/sign-in/second-factor', shown, OWN_PAGE),
    );
    const signedIn = await anonymous().post<Session>('/auth/sign-in/second-factor', shown, OWN_PAGE);
    expect(signedIn.status).toBe(200);
    const [, cookie = ''] = /=([\w-]{43});/.exec(signedIn.headers.get('set-cookie') ?? '') ?? [];
    secrets['cookie'] = cookie;
    await whileBroken('sessions', () =>
      anonymous().post(
        '/auth/refresh',
        { transport: 'cookie' },
        { ...OWN_PAGE, cookie: `__Host-arauto_refresh=${cookie}` },
      ),
    );
    expect((await anonymous().post('/auth/forgot-password', { email })).status).toBe(202);
    const token = await mailbox.receiveToken(email, 3);
    secrets['link of a new password'] = token;
    const replaced = `${password} replaced`;
    secrets['newer password'] = replaced;
    await whileBroken('account_tokens', () =>
      anonymous().post('/auth/reset-password', { token, password: replaced }),
    );
    expect((await anonymous().post('/auth/reset-password', { token, password: replaced })).status).toBe(204);
  });

  it('of bots', async () => {
    const bot = await scene.connect(tenant);
    secrets['bot token'] = bot.token.split(':')[1] ?? '';
    const [row] = await scene.look<{ path: string }>('SELECT webhook_path AS path FROM bots WHERE id = $1', [
      bot.id,
    ]);
    secrets['webhook path'] = row?.path ?? '';
    const { client } = tenant;
    const malformed = `1:${randomBytes(10).toString('hex')}`;
    secrets['malformed token'] = malformed;
    expect((await client.post('/bots', { token: malformed, environment: 'sandbox' })).status).toBe(400);
    expect((await client.post('/bots', { token: bot.token, environment: 'sandbox' })).status).toBe(409);
    expect((await client.post('/bots', { token: [bot.token], environment: 'sandbox' })).status).toBe(400);
    const other = await scene.control.createBot();
    secrets['token while the database fails'] = other.token.split(':')[1] ?? '';
    await whileBroken('lanes', () => client.post('/bots', { token: other.token, environment: 'sandbox' }));

    const personId = await scene.control.createPerson();
    await scene.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
    await waitUntil(async () => (await client.get<BotBody>(`/bots/${bot.id}`)).body.chats.active === 1);
    for (const kind of ['reset_before_effect', 'html', 'truncated', 'unauthorized']) {
      await scene.control.must('POST', '/faults', {
        kind,
        botId: bot.sandboxId,
        method: 'sendMessage',
        count: 1,
      });
      const sent = await client.post<{ id: string }>('/broadcasts', {
        message: { kind: 'text', text: `Hello after ${kind}` },
        audience: { to: 'everybody' },
      });
      expect(sent.status).toBe(201);
      await waitUntil(async () => {
        const { body } = await client.get(`/broadcasts/${sent.body.id}`);
        const { state } = (await client.get<BotBody>(`/bots/${bot.id}`)).body;
        return state !== 'running' || (body['state'] !== 'planning' && body['state'] !== 'sending');
      });
    }
    const { token } = await scene.control.must<{ token: string }>(
      'POST',
      `/bots/${bot.sandboxId}/revoke-token`,
    );
    secrets['newer bot token'] = token.split(':')[1] ?? '';
    expect((await client.put(`/bots/${bot.id}/token`, { token })).status).toBe(200);
    const access = await client.post<{ accessToken: string }>('/sandbox/access');
    secrets['sandbox access'] = access.body.accessToken;
    await whileBroken('messages', () =>
      client.post('/messages', { content: { kind: 'text', text: 'between-us' } }),
    );
    secrets['what a message says'] = 'between-us';
  });

  it('in no line of the log', () => {
    const log = written.join('');
    expect(log).toContain('"level":50');
    expect(log.length).toBeGreaterThan(5_000);
    expect(Object.keys(secrets).length).toBeGreaterThan(15);
    for (const [name, secret] of Object.entries(secrets)) {
      expect(secret.length).toBeGreaterThan(8);
      const lines = log.split('\n').filter((line) => line.includes(secret));
      expect({ name, lines: lines.map((line) => line.replaceAll(secret, '[found]').slice(0, 500)) }).toEqual({
        name,
        lines: [],
      });
    }
  });
});
