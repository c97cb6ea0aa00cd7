import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { Secret, TOTP } from 'otpauth';
import { TokenVault } from '../../../src/bots/registration/token-vault.js';
import { asTenantId } from '../../../src/platform/identity/index.js';
import { faultKinds } from '../../../src/sandbox/faults/fault.rules.js';
import { type KeyRotationReport } from '../../../src/tenants/index.js';
import { PASSWORD, type SignedUpTenant } from '../../harness/accounts.js';
import { type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { appointOperator } from '../../harness/operators.js';
import { buildProduct, homeDirectory } from '../../harness/product.js';
import { type Report, UNPACED } from '../../harness/scene.js';
import { type BotBody, BotScene, type SceneBot, waitUntil } from '../bots/bot-scene.js';
import { absentThings, sendRaw, settle } from '../security/hostile-scene.js';
import { addressOf, operations } from '../security/operations.js';
import { isEnding } from './ending-operations.js';
import { actsAtOnce } from './isolation-cases.js';
import { atScale, ProofReport } from './proof-report.js';
import { RecordedAnswers } from './recorded-answers.js';
import { formsOf, SecretSearch } from './secret-search.js';
import { WrittenLog } from './written-log.js';

jest.setTimeout(atScale({ short: 180_000, quick: 240_000, full: 900_000 }));

/** Of these a person or a bot has to be brought back. */
const ENDING_FAULTS = ['forbidden', 'unauthorized'] as const;
/** All that the sandbox has; a call that hangs takes half a minute. */
const FAULTS = [
  ...faultKinds.filter((kind) => !ENDING_FAULTS.some((ending) => ending === kind)),
  ...ENDING_FAULTS,
].filter((kind) => kind !== 'hang' || atScale({ short: false, quick: false, full: true }));
const OWN_PAGE = { 'sec-fetch-site': 'same-origin' };
const TOKENS = atScale({ short: 60, quick: 500, full: 10_000 });
const TENANTS = atScale({ short: 3, quick: 10, full: 50 });
const PEOPLE = atScale({ short: 20, quick: 100, full: 200 });

const report = new ProofReport('secrets', [
  'hits',
  'operations',
  'secrets',
  'bytes',
  'failedSends',
  'tokens',
  'unreadable',
]);
afterAll(() => report.write());

/** Goes through everything that handles a secret, also where it fails, and reads every line that was written. */
describe('no secret is written down', () => {
  const keys = {
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    SESSION_KEY: randomBytes(32).toString('base64'),
    SANDBOX_KEY: randomBytes(32).toString('base64'),
  };
  const redisUrl = process.env['TEST_REDIS_URL'];
  const prefix = `proof-${randomBytes(6).toString('hex')}`;
  const password = `${PASSWORD} ${randomBytes(6).toString('hex')}`;
  const search = new SecretSearch();
  let written: WrittenLog;
  let recorded: RecordedAnswers;
  const origins = new Set<string>();
  let scene: BotScene;
  let application: TestApplication;
  let tenant: SignedUpTenant;

  const keep = (name: string, value: string, allowed?: (place: string) => boolean) =>
    search.add(name, value, allowed);

  beforeAll(async () => {
    written = new WrittenLog();
    scene = await BotScene.open();
    application = await scene.start('api,scheduler,worker,poller', {
      ...keys,
      ...UNPACED,
      LOG_LEVEL: 'trace',
      ...(redisUrl !== undefined && { QUEUE_URL: redisUrl, QUEUE_PREFIX: prefix }),
    });
    origins.add(application.url);
    recorded = new RecordedAnswers(
      (origin) => origins.has(origin),
      ({ name, value, isAskersOwn }) => {
        if (search.knows(value) && !isAskersOwn)
          search.hits.push(`${name} is somebody else's, or was given before`);
        keep(name, value);
      },
    );
    tenant = await scene.signUp();
    for (const [name, key] of Object.entries(keys)) keep(name, key);
    keep('password', password);
    for (const login of ['app', 'dispatcher', 'owner'] as const)
      keep(`password of ${login}`, new URL(scene.database.urls[login]).password);
  });
  afterAll(async () => {
    recorded.end();
    await scene.end();
    written.end();
  });

  interface Session {
    accessToken: string;
    refreshToken: string;
  }
  const anonymous = () => new ApiClient(application.url);
  const keepBotToken = (name: string, token: string) => keep(name, token.split(':')[1] ?? '');
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

  /** Asks for everything that the tenant has, and takes it down. */
  async function downloadArchive({ client, accessToken }: SignedUpTenant): Promise<void> {
    const { body } = await client.post<{ id: string }>('/tenant/exports', { password: PASSWORD });
    const archive = `/tenant/exports/${body.id}`;
    await waitUntil(async () => (await client.get(archive)).body['state'] === 'ready', 60_000);
    const answer = await sendRaw(application.url, 'GET', `/api/v1${archive}/content`, { token: accessToken });
    expect(answer.status).toBe(200);
  }

  it('of people', async () => {
    const person = { email: 'written@example.org', password, name: 'Ana', tenantName: 'Acme' };
    const signedUp = await anonymous().post<Session>('/auth/sign-up', person);
    expect(signedUp.status).toBe(201);
    expect((await anonymous().post('/auth/sign-up', person)).status).toBe(409);
    const { email } = person;
    const refused = await anonymous().post('/auth/sign-in', { email, password: `${password}!` });
    expect(refused.status).toBe(401);
    const signedIn = await anonymous().post<Session>('/auth/sign-in', { email, password });
    expect(signedIn.status).toBe(200);
    const { refreshToken } = signedIn.body;
    expect((await anonymous().post('/auth/refresh', { refreshToken })).status).toBe(200);
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

  it('of people who sign up by mail', async () => {
    const byMail = await scene.start('api', { ...keys, LOG_LEVEL: 'trace', SIGN_UP: 'by_mail' });
    origins.add(byMail.url);
    const person = { email: 'mailed@example.org', password, name: 'Ana', tenantName: 'Acme' };
    const signUp = () => new ApiClient(byMail.url).post('/auth/sign-up', person);
    expect((await signUp()).status).toBe(202);
    const token = await byMail.mailbox.receiveToken(person.email);
    keep('link of a sign-up', token);
    await scene.look('ALTER TABLE pending_sign_ups RENAME TO pending_sign_ups_broken');
    expect((await signUp()).status).toBe(202);
    await waitUntil(() => Promise.resolve(written.text.includes('sending a link for a sign-up failed')));
    await scene.look('ALTER TABLE pending_sign_ups_broken RENAME TO pending_sign_ups');
    await whileBroken('pending_sign_ups', () =>
      anonymous().post('/auth/complete-sign-up', { token, password }),
    );
    const wrong = await anonymous().post('/auth/complete-sign-up', { token, password: `${password}!` });
    expect(wrong.status).toBe(401);
    const completed = await anonymous().post<Session>('/auth/complete-sign-up', { token, password });
    expect(completed.status).toBe(201);
    // This one stays, with what is pending of it.
    const waiting = { ...person, email: 'waiting@example.org' };
    expect((await new ApiClient(byMail.url).post('/auth/sign-up', waiting)).status).toBe(202);
    keep('link of a sign-up that waits', await byMail.mailbox.receiveToken(waiting.email));
    await scene.close(byMail);
  });

  it('of accounts', async () => {
    const { client, email } = await scene.signUp();
    const { mailbox } = application;
    await scene.look('UPDATE users SET email_confirmed_at = NULL WHERE email = $1', [email]);
    expect((await client.post('/auth/resend-confirmation')).status).toBe(202);
    const confirmation = await mailbox.receiveToken(email, 2);
    keep('link of a confirmation', confirmation);
    expect((await anonymous().post('/auth/confirm-email', { token: confirmation })).status).toBe(204);
    const { body } = await client.post<{ secret: string }>('/auth/second-factor/set-up', {
      password: PASSWORD,
    });
    await whileBroken('second_factors', () => client.post('/auth/second-factor/confirm', { code: '123456' }));
    const confirmed = await client.post<{ recoveryCodes: string[] }>('/auth/second-factor/confirm', {
      code: new TOTP({ secret: Secret.fromBase32(body.secret) }).generate(),
    });
    const begun = await anonymous().post<{ challenge: string }>('/auth/sign-in', {
      email,
      password: PASSWORD,
    });
    const { challenge } = begun.body;
    const shown = { challenge, recoveryCode: confirmed.body.recoveryCodes[0], transport: 'cookie' };
    await whileBroken('recovery_codes', () =>
      anonymous().post('/auth/sign-in/second-factor', shown, OWN_PAGE),
    );
    const signedIn = await anonymous().post<Session>('/auth/sign-in/second-factor', shown, OWN_PAGE);
    expect(signedIn.status).toBe(200);
    const [, cookie = ''] = /=([\w-]{43});/.exec(signedIn.headers.get('set-cookie') ?? '') ?? [];
    await whileBroken('sessions', () =>
      anonymous().post(
        '/auth/refresh',
        { transport: 'cookie' },
        { ...OWN_PAGE, cookie: `__Host-arauto_refresh=${cookie}` },
      ),
    );
    expect((await anonymous().post('/auth/forgot-password', { email })).status).toBe(202);
    const token = await mailbox.receiveToken(email, 4);
    keep('link of a new password', token);
    const replaced = `${password} replaced`;
    keep('newer password', replaced);
    await whileBroken('account_tokens', () =>
      anonymous().post('/auth/reset-password', { token, password: replaced }),
    );
    expect((await anonymous().post('/auth/reset-password', { token, password: replaced })).status).toBe(204);
    const [, , ...codes] = confirmed.body.recoveryCodes;
    const again = await anonymous().post<{ challenge: string }>('/auth/sign-in', {
      email,
      password: replaced,
    });
    const finishing = { challenge: again.body.challenge, recoveryCode: codes[0] };
    const session = await anonymous().post<Session>('/auth/sign-in/second-factor', finishing);
    const person = new ApiClient(application.url, session.body.accessToken);
    const proof = (recoveryCode: string | undefined) => ({ password: replaced, recoveryCode });
    const newer = await person.post<{ recoveryCodes: string[] }>(
      '/auth/second-factor/recovery-codes',
      proof(codes[1]),
    );
    expect(newer.status).toBe(200);
    const removed = await person.post('/auth/second-factor/remove', proof(newer.body.recoveryCodes[0]));
    expect(removed.status).toBe(204);
  });

  it('of bots, also where Telegram fails in every way', async () => {
    const bot = await scene.connect(tenant);
    keepBotToken('bot token', bot.token);
    const [row] = await scene.look<{ path: string }>('SELECT webhook_path AS path FROM bots WHERE id = $1', [
      bot.id,
    ]);
    keep('webhook path', row?.path ?? '', (place) => place === 'rows of public.bots');
    const { client } = tenant;
    const malformed = `1:${randomBytes(10).toString('hex')}`;
    keep('malformed token', malformed);
    expect((await client.post('/bots', { token: malformed, environment: 'sandbox' })).status).toBe(400);
    expect((await client.post('/bots', { token: bot.token, environment: 'sandbox' })).status).toBe(409);
    expect((await client.post('/bots', { token: [bot.token], environment: 'sandbox' })).status).toBe(400);
    const other = await scene.control.createBot();
    keepBotToken('token while the database fails', other.token);
    await whileBroken('lanes', () => client.post('/bots', { token: other.token, environment: 'sandbox' }));

    const personId = await scene.control.createPerson();
    const start = () => scene.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
    const untilActive = () =>
      waitUntil(async () => (await client.get<BotBody>(`/bots/${bot.id}`)).body.chats.active === 1);
    await start();
    await untilActive();
    for (const kind of FAULTS) {
      for (const method of ['sendMessage', 'getMe'])
        await scene.control.must('POST', '/faults', {
          kind,
          botId: method === 'getMe' ? other.id : bot.sandboxId,
          method,
          count: 1,
          ...(kind === 'too_many_requests' && { retryAfterSeconds: 1 }),
        });
      await client.post('/bots', { token: other.token, environment: 'sandbox' });
      const sent = await client.post<{ id: string }>('/broadcasts', {
        message: { kind: 'text', text: `Hello after ${kind}` },
        audience: { to: 'everybody' },
      });
      expect(sent.status).toBe(201);
      await waitUntil(async () => {
        const { body } = await client.get(`/broadcasts/${sent.body.id}`);
        const { state } = (await client.get<BotBody>(`/bots/${bot.id}`)).body;
        return state !== 'running' || (body['state'] !== 'planning' && body['state'] !== 'sending');
        // A call that hangs is given up after 30 s.
      }, 60_000);
      if (kind === 'forbidden') await start().then(untilActive);
    }
    const { token } = await scene.control.must<{ token: string }>(
      'POST',
      `/bots/${bot.sandboxId}/revoke-token`,
    );
    keepBotToken('newer bot token', token);
    expect((await client.put(`/bots/${bot.id}/token`, { token })).status).toBe(200);
    expect((await client.post('/sandbox/access')).status).toBe(201);
    await whileBroken('messages', () =>
      client.post('/messages', { content: { kind: 'text', text: 'between-us' } }),
    );
    keep('what a message says', 'between-us');
  });

  it('of teams and programs', async () => {
    const { client, tenantId } = await scene.signUp();
    const email = 'invited@example.org';
    expect((await client.post('/tenant/invitations', { email, role: 'viewer' })).status).toBe(201);
    const token = await application.mailbox.receiveToken(email);
    keep('link of an invitation', token);
    await whileBroken('invitations', () => anonymous().post('/invitations/preview', { token }));
    expect((await anonymous().post('/invitations/preview', { token })).status).toBe(200);
    const accepting = { token, password, name: 'Bia' };
    expect((await anonymous().post('/invitations/accept-with-account', accepting)).status).toBe(200);
    const member = await scene.signUp('Of two');
    expect((await client.post('/tenant/invitations', { email: member.email, role: 'viewer' })).status).toBe(
      201,
    );
    const another = await application.mailbox.receiveToken(member.email, 2);
    keep('link of another invitation', another);
    expect((await member.client.post('/invitations/accept', { token: another })).status).toBe(200);
    expect((await member.client.post('/auth/switch-tenant', { tenantId })).status).toBe(200);

    const { body } = await client.post<{ key: string }>('/api-keys', { name: 'read', scopes: ['bots:read'] });
    const { key } = body;
    keep('secret part of an API key', key.slice(-43));
    const program = new ApiClient(application.url, key);
    expect((await program.get('/bots')).status).toBe(200);
    expect((await program.get('/messages')).status).toBe(403);
    await whileBroken('api_keys', () => client.get('/api-keys'));
  });

  it('of records', async () => {
    const leaver = await scene.signUp('Leaving');
    const { client, email } = leaver;
    const hook = { url: 'https://127.0.0.1.example.invalid/', events: ['webhook.test'] };
    const created = await client.post<{ id: string }>('/webhooks', hook);
    const { id } = created.body;
    expect((await client.post(`/webhooks/${id}/secret`)).status).toBe(200);
    const sent = await client.post<{ id: string }>(`/webhooks/${id}/test`);
    await waitUntil(async () => {
      const { body } = await client.get<{ log: unknown[] }>(`/webhooks/${id}/deliveries/${sent.body.id}`);
      return body.log.length > 0;
    });
    // The other one has a bot, and people who wrote to it.
    for (const one of [leaver, tenant]) await downloadArchive(one);
    await whileBroken('webhook_endpoints', () => client.post('/webhooks', hook));
    await whileBroken('exports', () => client.post('/tenant/exports', { password: PASSWORD }));
    const leaving = await client.post<{ restoreToken: string }>('/tenant/deletion', {
      tenantName: 'Leaving',
      password: PASSWORD,
    });
    expect(leaving.status).toBe(200);
    const { restoreToken } = leaving.body;
    expect((await application.mailbox.receive(email, 2)).text).toContain(restoreToken);
    await whileBroken('tenant_deletions', () => anonymous().post('/tenant/restoration', { restoreToken }));
    expect((await anonymous().post('/tenant/restoration', { restoreToken })).status).toBe(204);
  });

  it('of calendars', async () => {
    const { client } = await scene.signUp();
    const { body } = await client.post<{ path: string }>('/calendar/feed');
    const [, secret = ''] = /([\w-]{43})/.exec(body.path) ?? [];
    keep('secret of a calendar', secret);
    const read = () => sendRaw(application.url, 'GET', body.path);
    expect((await read()).status).toBe(200);
    await whileBroken('calendar_feeds', async () => {
      const { status, text } = await read();
      return { status, body: text };
    });
    expect((await sendRaw(application.url, 'GET', `${body.path}x`)).status).toBe(400);
  });

  it('of operators', async () => {
    const operator = await appointOperator(application);
    const address = `/operator/tenants/${tenant.tenantId}/support-accesses`;
    const support = { reason: 'Ticket 4711', minutes: 30 };
    const { body } = await operator.client.post<{ accessToken: string }>(address, support);
    expect((await new ApiClient(application.url, body.accessToken).get('/bots')).status).toBe(200);
    await whileBroken('support_accesses', () => operator.client.post(address, support));
    await whileBroken('operators', () =>
      anonymous().post('/operator/sign-in', { email: operator.email, password: PASSWORD }),
    );
  });

  it('of those who do everything right, on every route', async () => {
    const operator = await appointOperator(application);
    const settleOne = async (canary: string) => {
      // More sign up here than one network may.
      await scene.look('TRUNCATE guess_counts');
      const household = await settle(scene, application, operator, canary);
      keepBotToken(`token of the bot of ${canary}`, household.botToken);
      // Events end with their broadcast, and what was mailed may be mailed again.
      const { client, things } = household;
      await client.post(`/broadcasts/${things.broadcastId}/cancel`);
      await waitUntil(
        async () => (await client.get(`/broadcasts/${things.broadcastId}`)).body['endedAt'] !== null,
      );
      // Nothing sends it any more.
      if (canary === 'Messages.archive') {
        for (const id of [things.scheduleId, things.stackedScheduleId, things.postId])
          await client.delete(`/schedules/${id}`);
        await client.delete(`/sequences/${things.sequenceId}`);
      }
      await scene.look(`UPDATE invitations SET mailed_at = now() - interval '1 hour'`);
      return household;
    };
    const everything = await settleOne('everything');
    const leaving = await appointOperator(application);
    const file = new FormData();
    file.append('file', new Blob(['words'], { type: 'text/plain' }), 'a.txt');
    const refusals: string[] = [];
    for (const operation of operations) {
      const isOperatorsAct = operation.role === 'operator' && operation.method !== 'GET' && operation.path;
      // It names the stack as it was made.
      const isOrder = operation.id === 'Stacks.order';
      const isAlone = isEnding(operation) || isOperatorsAct || isOrder;
      const household = isAlone ? await settleOne(operation.id) : everything;
      const { things, tokens } = household;
      const somebodys = operation.id === 'Members.leave' ? tokens.viewer : household.accessToken;
      const operators = operation.id === 'Operators.signOut' ? leaving : operator;
      const token = operation.role === 'operator' ? operators.accessToken : somebodys;
      const target = addressOf(operation, operation.path?.(things) ?? {});
      if (operation.id.startsWith('ScheduleApproval.'))
        await scene.look(
          `UPDATE schedules SET state = 'awaiting_approval', paused_at = now(), next_run_at = NULL,
             updated_at = '2026-07-01T08:00:00Z' WHERE id = $1`,
          [things.scheduleId],
        );
      for (const body of operation.bodies?.(things) ?? [undefined]) {
        // The rows have a wrong password, to be refused for it, and narrow plans for everybody.
        const text =
          body === undefined
            ? undefined
            : JSON.stringify(body)
                .replaceAll('not the password', PASSWORD)
                .replaceAll('"business"', JSON.stringify(operation.id))
                .replaceAll(',"isDefault":true', '');
        const answer = await fetch(`${application.url}${target}`, {
          method: operation.method,
          headers: {
            ...(operation.role !== 'public' && { authorization: `Bearer ${token}` }),
            ...(text !== undefined && { 'content-type': 'application/json' }),
            ...OWN_PAGE,
          },
          ...(text !== undefined && { body: text }),
          ...(operation.isUpload && { body: file }),
        });
        if (!answer.ok) refusals.push(`${operation.id}: ${answer.status} ${await answer.text()}`);
        expect(answer.status).toBeLessThan(500);
      }
    }
    const unaccepted = operations
      .map(({ id }) => id)
      .filter((id) => !recorded.accepted.has(id) && !NEED_A_BROADCAST.includes(id));
    // Here or above, each was let through.
    expect(refusals.filter((refusal) => unaccepted.some((id) => refusal.startsWith(`${id}: `)))).toEqual([]);
    expect(unaccepted).toEqual([]);
  });

  it('of those who put them in the wrong place, on every route', async () => {
    const misplaced = `987654321:${randomBytes(26).toString('base64url').slice(0, 35)}`;
    keepBotToken('misplaced token', misplaced);
    const things = absentThings();
    const word = encodeURIComponent(misplaced);
    const operator = await appointOperator(application);
    for (const operation of operations) {
      // What needs no more than being asked for may end the session of whoever asks.
      const somebody = actsAtOnce(operation) ? await scene.signUp() : tenant;
      const isOperators = operation.role === 'operator' && operation.id !== 'Operators.signOut';
      const { accessToken } = isOperators ? operator : somebody;
      const path = operation.path?.(things) ?? {};
      const target = addressOf(operation, path);
      const given = (body: unknown) => ({
        token: accessToken,
        ...(operation.bodySchema && { body: JSON.stringify(body) }),
      });
      const tries: [address: string, more: object][] = [
        [`${target}?token=${word}`, given({})],
        [target, given({ token: misplaced, text: misplaced, name: misplaced })],
        [target, { ...given({}), token: misplaced }],
        [target, { ...given({}), headers: { 'idempotency-key': misplaced, cookie: `t=${misplaced}` } }],
        ...Object.keys(path).map((name): [string, object] => [
          addressOf(operation, { ...path, [name]: misplaced }),
          given({}),
        ]),
      ];
      for (const [address, more] of tries) {
        const { status } = await sendRaw(application.url, operation.method, address, more);
        expect(status).toBeLessThan(500);
      }
      report.add('operations');
    }
  });

  it('in no line of the log, no row, no job and no answer, in whatever form', async () => {
    const log = written.text;
    expect(log).toContain('"level":50');
    expect(log.length).toBeGreaterThan(5_000);
    expect(search.count).toBeGreaterThan(15);
    search.search('log', log);
    for (const { place, text } of recorded.answers) search.search(place, text);
    const tables = await scene.look<{ name: string; isOurs: boolean }>(
      `SELECT schemaname || '.' || tablename AS name, schemaname = 'public' AS "isOurs" FROM pg_tables
        WHERE schemaname !~ '^(pg_|information_schema)'`,
    );
    for (const { name, isOurs } of tables) {
      const rows = await scene.look<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      search.search(`${isOurs ? 'rows' : 'jobs'} of ${name}`, rows.map(({ row }) => row).join('\n'));
    }
    if (redisUrl !== undefined) search.search('jobs of Redis', await readRedis(redisUrl, prefix));

    report.set('secrets', search.count);
    report.set('places', Object.fromEntries(search.searched));
    for (const [place, bytes] of search.searched) {
      report.line(`bytes searched: ${place}`, bytes);
      report.add('bytes', bytes);
    }
    for (const hit of search.hits) report.find('hits', hit);
    report.line('operations', report.count('operations'));
    report.line('secrets', search.count);
    report.line('hits', report.count('hits'));
    expect([...search.searched.keys()].sort()).toEqual([
      ...['answers', 'archives', 'figures', 'jobs', 'log', 'rows'],
    ]);
    expect(search.hits).toEqual([]);
  });

  it('or it would have been found', () => {
    const secret = 'a secret / of + its own?';
    for (const before of ['', 'x', 'xy']) {
      const hidden = [
        `${before}${secret}`,
        `${before}${encodeURIComponent(secret)}`,
        Buffer.from(`${before}${secret} and more`).toString('base64'),
        Buffer.from(`${before}${secret}`).toString('base64url'),
        Buffer.from(`${before}${secret}`).toString('hex'),
      ];
      for (const text of hidden) {
        expect({ text, isFound: formsOf(secret).some((form) => text.includes(form)) }).toEqual({
          text,
          isFound: true,
        });
      }
    }
  });
});

describe('keys', () => {
  const [old, young] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  let scene: BotScene;
  beforeAll(async () => {
    await buildProduct();
    scene = await BotScene.open();
  });
  afterAll(() => scene.end());

  it('are wrapped and sealed anew while a broadcast runs', async () => {
    const home = mkdtempSync(join(tmpdir(), 'arauto-proof-'));
    const sessionKey = randomBytes(32).toString('base64');
    const before = await scene.start('api', { ENCRYPTION_KEY: old, SESSION_KEY: sessionKey });
    const tokens = await plantTokens(scene, before);
    await scene.close(before);

    const exchanging = { ENCRYPTION_KEY: young, ENCRYPTION_KEY_PREVIOUS: old, SESSION_KEY: sessionKey };
    const running = await scene.start('api,scheduler,worker,poller', { ...exchanging, ...UNPACED });
    const tenant = await scene.signUp();
    await scene.look(`UPDATE tenant_data_keys SET created_at = now() - interval '2 days'`);
    const bot = await scene.connect(tenant);
    await startPeople(scene, tenant, bot);
    const rotation = promisify(execFile)(
      process.execPath,
      [join(homeDirectory, 'dist/main.js'), 'keys', 'rotate', '--data-keys'],
      {
        cwd: homeDirectory,
        env: {
          PATH: process.env['PATH'],
          NODE_ENV: 'test',
          LOG_LEVEL: 'error',
          ARAUTO_HOME: home,
          DATABASE_URL: scene.database.urls.app,
          DATABASE_DISPATCHER_URL: scene.database.urls.dispatcher,
          ...exchanging,
        },
      },
    );
    let isRotated = false;
    void rotation.then(
      () => (isRotated = true),
      () => (isRotated = true),
    );
    // One broadcast after the other, and one more when all is exchanged.
    let sent = 0;
    for (let isLast = false; !isLast;) {
      isLast = isRotated;
      const { counts } = await broadcast(tenant);
      sent += counts.sent;
      report.add('failedSends', counts.accepted - counts.sent);
    }
    const rotated = JSON.parse((await rotation).stdout.trim().split('\n').at(-1) ?? '') as KeyRotationReport;
    expect(rotated).toEqual({
      rewrapped: TENANTS,
      renewed: TENANTS + 1,
      resealed: {
        'webhook secrets': 0,
        'older webhook secrets': 0,
        'second factors': 0,
        'bot tokens': TOKENS + 1,
      },
      unreadable: 0,
    });
    await scene.close(running);

    // The old key is gone, and every token opens.
    const after = await scene.start('api', { ENCRYPTION_KEY: young, SESSION_KEY: sessionKey });
    const vault = after.app.get(TokenVault, { strict: false });
    const rows = await scene.look<{
      id: string;
      tenant_id: string;
      home: string;
      no: string;
      version: number;
      sealed: Buffer;
    }>(
      `SELECT id, tenant_id, api_root AS home, telegram_id AS no, token_key_version AS version, token_ciphertext AS sealed FROM bots`,
    );
    for (const row of rows) {
      const place = { tenantId: asTenantId(row.tenant_id), home: row.home, telegramId: row.no };
      const token = await vault.open(place, row.version, row.sealed);
      if (row.version === 1 || (row.id !== bot.id && token !== tokens.get(row.no)))
        report.find('unreadable', row.id);
      report.add('tokens');
    }
    await scene.close(after);
    rmSync(home, { recursive: true });
    report.line('tokens sealed anew', report.count('tokens'));
    report.line('sent meanwhile', sent);
    report.line('failed sends', report.count('failedSends'));
    expect({ failed: report.count('failedSends'), unreadable: report.count('unreadable') }).toEqual({
      failed: 0,
      unreadable: 0,
    });
    expect(report.count('tokens')).toBe(TOKENS + 1);
    expect(sent).toBeGreaterThanOrEqual(PEOPLE);
  });

  async function broadcast({ client }: SignedUpTenant): Promise<Report> {
    const { body } = await client.post<Report>('/broadcasts', {
      message: { kind: 'text', text: 'Whatever is exchanged meanwhile' },
      audience: { to: 'everybody' },
    });
    return waitUntil(async () => {
      const answer = await client.get<Report>(`/broadcasts/${body.id}`);
      return answer.body.state === 'finished' && answer.body;
    });
  }
});

/** Let through only while a broadcast is being sent, or of one that reached somebody who is still there: asked all the same. */
const NEED_A_BROADCAST = [
  ...['Broadcast.test', 'BroadcastControl.pause', 'BroadcastControl.resume', 'BroadcastControl.resend'],
  ...['BroadcastChanges.edit', 'BroadcastChanges.recall'],
];

/** Bots that do nothing, each with a token sealed by its tenant's key. @returns the tokens by the bot's number */
async function plantTokens(scene: BotScene, application: TestApplication): Promise<Map<string, string>> {
  const vault = application.app.get(TokenVault, { strict: false });
  const tokens = new Map<string, string>();
  const home = 'https://planted.example';
  for (let n = 0; n < TENANTS; n += 1) {
    const { tenantId } = await scene.signUp();
    const numbers = Array.from({ length: TOKENS }, (_, index) => index).filter(
      (index) => index % TENANTS === n,
    );
    const sealed: Buffer[] = [];
    for (const number of numbers) {
      const telegramId = String(1_000_000 + number);
      const token = `${telegramId}:${randomBytes(26).toString('base64url').slice(0, 35)}`;
      tokens.set(telegramId, token);
      sealed.push((await vault.seal({ tenantId, home, telegramId }, token)).ciphertext);
    }
    await scene.look(
      `INSERT INTO bots (tenant_id, environment, api_root, telegram_id, name, first_name, token_ciphertext,
         token_key_version, token_fingerprint, webhook_path, state)
       SELECT $1, 'live', $2, 1000000 + number, 'Planted', 'Planted', sealed, 1, sha256(sealed), md5(sealed), 'paused'
       FROM unnest($3::int[], $4::bytea[]) AS planted (number, sealed)`,
      [tenantId, home, numbers, sealed],
    );
  }
  return tokens;
}

async function startPeople(scene: BotScene, { client }: SignedUpTenant, bot: SceneBot): Promise<void> {
  await scene.control.must('PUT', '/limits', {
    messagesPerSecondPerBot: null,
    messagesPerSecondPerChat: null,
    messagesPerMinutePerGroup: null,
  });
  const { people } = await scene.control.must<{ people: { id: number }[] }>('POST', '/people', {
    count: PEOPLE,
  });
  const personIds = people.map(({ id }) => id);
  await scene.control.must('POST', '/actions/start', { botId: bot.sandboxId, personIds });
  await waitUntil(async () => {
    const answer = await client.get<BotBody>(`/bots/${bot.id}`);
    return answer.body.chats.active === PEOPLE;
  });
}

/** Every value under the prefix, as text. */
async function readRedis(url: string, prefix: string): Promise<string> {
  const redis = new Redis(url);
  try {
    const values: string[] = [];
    for (const key of await redis.keys(`${prefix}:*`)) {
      const type = await redis.type(key);
      values.push(key);
      if (type === 'string') values.push((await redis.get(key)) ?? '');
      else if (type === 'hash') values.push(JSON.stringify(await redis.hgetall(key)));
      else if (type === 'list') values.push(...(await redis.lrange(key, 0, -1)));
      else if (type === 'set') values.push(...(await redis.smembers(key)));
      else if (type === 'zset') values.push(...(await redis.zrange(key, 0, -1)));
      else if (type === 'stream') values.push(JSON.stringify(await redis.xrange(key, '-', '+')));
      else throw new Error(`${key} is a ${type}, which nothing here reads.`);
    }
    return values.join('\n');
  } finally {
    await redis.quit();
  }
}
