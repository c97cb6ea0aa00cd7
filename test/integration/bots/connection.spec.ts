import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type SignedUpTenant } from '../../harness/accounts.js';
import { ApiClient } from '../../harness/client.js';
import { callMethod } from '../sandbox/control-client.js';
import { type BotBody, BotScene, waitUntil } from './bot-scene.js';

const UNKNOWN_TOKEN = `123456789:${'A'.repeat(35)}`;

jest.setTimeout(60_000);

describe('connecting a bot', () => {
  let scene: BotScene;
  let tenant: SignedUpTenant;
  let other: SignedUpTenant;
  const written: string[] = [];
  const output = process.stdout.write.bind(process.stdout);

  beforeAll(async () => {
    process.stdout.write = (chunk: string | Uint8Array) => {
      written.push(String(chunk));
      return true;
    };
    scene = await BotScene.open();
    await scene.start('api,poller', { LOG_LEVEL: 'trace' });
    tenant = await scene.signUp();
    other = await scene.signUp('Others');
  });
  afterAll(async () => {
    await scene.end();
    process.stdout.write = output;
  });

  const connect = (who: SignedUpTenant, token: string, headers?: Record<string, string>) =>
    who.client.post<BotBody & { code: string }>('/bots', { token, environment: 'sandbox' }, headers);

  it('asks Telegram who it is, and shows everything but the token', async () => {
    const { token, username } = await scene.control.createBot('Herald');
    const answer = await connect(tenant, token);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      username,
      name: 'Herald',
      firstName: 'Herald',
      state: 'running',
      stateReason: null,
      updatesMode: 'polling',
      chats: { active: 0, stopped: 0, unreachable: 0 },
    });
    expect((await tenant.client.get(`/bots/${answer.body.id}`)).body).toEqual(answer.body);
    const rows = await scene.look(
      `SELECT (SELECT count(*)::int FROM lanes) AS lanes, (SELECT count(*)::int FROM polling) AS polling`,
    );
    expect(rows).toEqual([{ lanes: 1, polling: 1 }]);
    const again = await connect(tenant, token);
    expect(again).toMatchObject({ status: 409, body: { code: 'bot_already_connected' } });
    const elsewhere = await connect(other, token);
    expect(elsewhere).toMatchObject({ status: 409, body: { code: 'bot_connected_elsewhere' } });
  });

  it.each([
    ['no token', 'hello', 400, 'invalid_input'],
    ['a token that leaves its path', `1:${'a'.repeat(30)}/../x`, 400, 'invalid_input'],
    ['a token that Telegram rejects', UNKNOWN_TOKEN, 422, 'token_rejected'],
  ])('refuses %s and stores nothing', async (_, token, status, code) => {
    const before = await scene.look('SELECT count(*) FROM bots');
    const answer = await connect(tenant, token);
    expect(answer).toMatchObject({ status, body: { code, errors: [{ field: 'token' }] } });
    expect(JSON.stringify(answer.body)).not.toContain(token);
    expect(await scene.look('SELECT count(*) FROM bots')).toEqual(before);
  });

  it('says 503 and when to come back where Telegram gives no answer', async () => {
    const broken: Server = createServer((request) => request.socket.destroy());
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const { port } = broken.address() as AddressInfo;
    const application = await scene.start('api', { TELEGRAM_API_ROOT: `http://127.0.0.1:${port}` });
    const client = new ApiClient(application.url, tenant.accessToken);
    const unreachable = await client.post('/bots', { token: UNKNOWN_TOKEN });
    expect(unreachable).toMatchObject({ status: 503, body: { code: 'telegram_unreachable' } });
    expect(unreachable.headers.get('retry-after')).toBe('10');
    await scene.close(application);
    await new Promise((resolve) => broken.close(resolve));
  });

  it('connects once per Idempotency-Key', async () => {
    const { token } = await scene.control.createBot();
    const headers = { 'idempotency-key': 'connect-1' };
    const first = await connect(tenant, token, headers);
    const second = await connect(tenant, token, headers);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
  });

  it('gives the bot to whoever proves its newest token, and tells the other', async () => {
    const bot = await scene.control.createBot('Contested');
    const first = await connect(tenant, bot.token);
    const { token: newest } = await scene.control.must<{ token: string }>(
      'POST',
      `/bots/${bot.id}/revoke-token`,
    );
    const second = await connect(other, newest);
    expect(second.status).toBe(201);
    const displaced = await tenant.client.get<BotBody>(`/bots/${first.body.id}`);
    expect(displaced.body.state).toBe('token_rejected');
    expect(displaced.body.stateReason).toBeTruthy();
    const resumed = await tenant.client.post(`/bots/${first.body.id}/resume`);
    expect(resumed).toMatchObject({ status: 409, body: { code: 'bot_token_rejected' } });

    const { token: newer } = await scene.control.must<{ token: string }>(
      'POST',
      `/bots/${bot.id}/revoke-token`,
    );
    const back = await tenant.client.put<BotBody>(`/bots/${first.body.id}/token`, { token: newer });
    expect(back).toMatchObject({ status: 200, body: { state: 'running', stateReason: null } });
    const lost = await other.client.get<BotBody>(`/bots/${second.body.id}`);
    expect(lost.body.state).toBe('token_rejected');
  });

  it('renames, pauses, resumes, and refuses the token of another bot', async () => {
    const bot = await scene.connect(tenant);
    const renamed = await tenant.client.patch(`/bots/${bot.id}`, { name: 'Newsletter' });
    expect(renamed).toMatchObject({ status: 200, body: { name: 'Newsletter', firstName: 'Herald' } });
    expect((await tenant.client.post<BotBody>(`/bots/${bot.id}/pause`)).body.state).toBe('paused');
    expect((await tenant.client.post<BotBody>(`/bots/${bot.id}/resume`)).body.state).toBe('running');
    const another = await scene.control.createBot();
    const answer = await tenant.client.put(`/bots/${bot.id}/token`, { token: another.token });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ code: 'token_of_another_bot' }] } });
  });

  it('forgets the token of a bot that is disconnected, and lets it be connected again', async () => {
    const bot = await scene.connect(tenant);
    expect((await tenant.client.delete(`/bots/${bot.id}`)).status).toBe(204);
    expect((await tenant.client.delete(`/bots/${bot.id}`)).status).toBe(204);
    const rows = await scene.look('SELECT token_ciphertext, token_fingerprint FROM bots WHERE id = $1', [
      bot.id,
    ]);
    expect(rows).toEqual([{ token_ciphertext: null, token_fingerprint: Buffer.alloc(0) }]);
    const idsIn = async (query: string) =>
      (await tenant.client.get<{ items: BotBody[] }>(`/bots${query}`)).body.items.map(({ id }) => id);
    expect(await idsIn('')).not.toContain(bot.id);
    expect(await idsIn('?state=disconnected')).toContain(bot.id);
    expect((await tenant.client.post(`/bots/${bot.id}/resume`)).status).toBe(409);
    expect((await connect(tenant, bot.token)).status).toBe(201);
  });

  it('shows foreign bots as absent', async () => {
    const bot = await scene.connect(tenant);
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'Mine' }],
      ['POST', '/pause', undefined],
      ['POST', '/resume', undefined],
      ['PUT', '/token', { token: bot.token }],
      ['DELETE', '', undefined],
    ] as const) {
      const foreign = await other.client.send<object>(method, `/bots/${bot.id}${path}`, body);
      const absentId = '01900000-0000-7000-8000-000000000000';
      const absent = await other.client.send<object>(method, `/bots/${absentId}${path}`, body);
      expect(foreign.status).toBe(404);
      expect({ ...foreign.body, requestId: '' }).toEqual({ ...absent.body, requestId: '' });
    }
  });

  it('stops a bot whose token Telegram no longer takes', async () => {
    const bot = await scene.connect(tenant);
    await waitUntil(async () => {
      const [row] = await scene.look<{ told: boolean }>(
        `SELECT webhook_url IS NOT NULL AS told FROM bots WHERE id = $1`,
        [bot.id],
      );
      return row?.told;
    });
    await scene.control.must('POST', `/bots/${bot.sandboxId}/revoke-token`);
    expect((await callMethod(scene.sandbox.url, bot.token, 'getMe')).status).toBe(401);
    // A long poll under way isn't cut by a revoked token: pausing and resuming asks anew.
    await tenant.client.post(`/bots/${bot.id}/pause`);
    await tenant.client.post(`/bots/${bot.id}/resume`);
    await waitUntil(async () => {
      const { body } = await tenant.client.get<BotBody>(`/bots/${bot.id}`);
      return body.state === 'token_rejected';
    });
  });

  it('writes no token, anywhere', async () => {
    const { token } = await scene.connect(tenant);
    const secret = token.split(':')[1] ?? '';
    const columns = await scene.look<{ name: string }>(
      `SELECT quote_ident(table_name) AS name FROM information_schema.tables
        WHERE table_schema IN ('public', 'bullmq') AND table_type = 'BASE TABLE'`,
    );
    expect(columns.length).toBeGreaterThan(20);
    for (const { name } of columns) {
      const schema = await scene.look<{ schema: string }>(
        `SELECT table_schema AS schema FROM information_schema.tables WHERE table_name = $1`,
        [name.replaceAll('"', '')],
      );
      const found = await scene.look<{ hits: number }>(
        `SELECT count(*)::int AS hits FROM ${schema[0]?.schema}.${name} AS row WHERE row::text LIKE '%' || $1 || '%'`,
        [secret],
      );
      expect({ name, ...found[0] }).toEqual({ name, hits: 0 });
    }
    expect(written.join('').length).toBeGreaterThan(1_000);
    expect(written.join('')).not.toContain(secret);
  });
});
