import { createHmac, randomUUID } from 'node:crypto';
import pg from 'pg';
import { PASSWORD, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';

interface TokensBody {
  accessToken: string;
  refreshToken: string;
}

describe('accounts and sessions', () => {
  let application: TestApplication;
  let anonymous: ApiClient;
  let dispatcher: pg.Pool;

  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    anonymous = new ApiClient(application.url);
    dispatcher = new pg.Pool({ connectionString: application.database.urls.dispatcher, max: 1 });
  });
  afterAll(async () => {
    await dispatcher.end();
    await application.close();
  });

  const signUpBody = () => ({
    email: `${randomUUID()}@example.org`,
    password: PASSWORD,
    name: 'Ana',
    tenantName: 'Acme Clinics',
  });
  const refresh = (refreshToken: string) => anonymous.post<TokensBody>('/auth/refresh', { refreshToken });
  /** Turns the clock of used tokens instead of waiting for the grace to pass. */
  const ageUsedTokens = (seconds: number) =>
    dispatcher.query('UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => $1)', [seconds]);

  it('signs up, signs in, and says who one is', async () => {
    const body = { ...signUpBody(), language: 'pt-BR', timeZone: 'America/Sao_Paulo' };
    const signedUp = await anonymous.post<TokensBody>('/auth/sign-up', body);
    expect(signedUp).toMatchObject({
      status: 201,
      body: {
        expiresInSeconds: 900,
        role: 'owner',
        user: { email: body.email, name: 'Ana', language: 'pt-BR' },
        tenant: { name: 'Acme Clinics', language: 'pt-BR', timeZone: 'America/Sao_Paulo', state: 'active' },
      },
    });
    const signedIn = await anonymous.post<TokensBody>('/auth/sign-in', {
      email: body.email.toUpperCase(),
      password: PASSWORD,
    });
    expect(signedIn).toMatchObject({ status: 200, body: { role: 'owner', user: { email: body.email } } });
    const me = await new ApiClient(application.url, signedIn.body.accessToken).get('/auth/me');
    expect(me).toMatchObject({
      status: 200,
      body: {
        user: { email: body.email },
        role: 'owner',
        tenants: [{ name: 'Acme Clinics', role: 'owner' }],
      },
    });
    expect(JSON.stringify([signedUp.body, signedIn.body, me.body])).not.toMatch(/argon2|hash/i);
  });

  it('makes one account of an address, however many ask at once', async () => {
    const body = signUpBody();
    const answers = await Promise.all([1, 2, 3].map(() => anonymous.post('/auth/sign-up', body)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409]);
    expect(answers.find((answer) => answer.status === 409)?.body).toMatchObject({ code: 'email_taken' });
    const { rows } = await dispatcher.query(
      'SELECT FROM members JOIN users ON users.id = user_id WHERE email = $1',
      [body.email],
    );
    expect(rows).toHaveLength(1);
  });

  it.each([
    ['email', { email: 'nobody' }],
    ['password', { password: 'short' }],
    ['password', { password: 'x'.repeat(201) }],
    ['name', { name: 'a\0b' }],
    ['name', { name: '   ' }],
    ['tenantName', { tenantName: 'x'.repeat(101) }],
    ['timeZone', { timeZone: 'Mars/Olympus' }],
    ['language', { language: 'tlh' }],
    ['role', { role: 'owner' }],
  ])('refuses a bad %s and makes nothing', async (field, change) => {
    const body = { ...signUpBody(), ...change };
    const answer = await anonymous.post('/auth/sign-up', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ field }] } });
    const { rows } = await dispatcher.query('SELECT FROM users WHERE email = $1', [body.email]);
    expect(rows).toHaveLength(0);
  });

  it('answers an unknown address and a wrong password alike', async () => {
    const { email } = await signUpTenant(application.url);
    const wrong = await anonymous.post('/auth/sign-in', { email, password: 'wrong horse battery' });
    const unknown = await anonymous.post('/auth/sign-in', {
      email: `${randomUUID()}@example.org`,
      password: PASSWORD,
    });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'wrong_credentials' } });
    const { requestId: _, ...wrongBody } = wrong.body;
    const { requestId: __, ...unknownBody } = unknown.body;
    expect(unknown.status).toBe(401);
    expect(unknownBody).toEqual(wrongBody);
  });

  it('makes guessing wait, the right password too, and other accounts not', async () => {
    const victim = await signUpTenant(application.url);
    const other = await signUpTenant(application.url);
    const attempt = (email: string, password: string) => anonymous.post('/auth/sign-in', { email, password });
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => attempt(victim.email, 'wrong horse battery')),
    );
    expect(answers.filter((answer) => answer.status === 401)).toHaveLength(10);
    const blocked = await attempt(victim.email, PASSWORD);
    expect(blocked).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await attempt(other.email, PASSWORD)).status).toBe(200);
  });

  it('acts in the tenant that one names, and says of a foreign one what it says of none', async () => {
    const ana = await signUpTenant(application.url);
    const bia = await signUpTenant(application.url, 'Bia');
    const signIn = (tenantId: string) =>
      anonymous.post('/auth/sign-in', { email: ana.email, password: PASSWORD, tenantId });
    const [foreign, absent] = [await signIn(bia.tenantId), await signIn(randomUUID())];
    expect([foreign.status, absent.status]).toEqual([404, 404]);
    expect(foreign.body['detail']).toBe(absent.body['detail']);
    await dispatcher.query(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
      bia.tenantId,
      ana.userId,
    ]);
    expect(await signIn(bia.tenantId)).toMatchObject({
      status: 200,
      body: { role: 'viewer', tenant: { name: 'Bia' } },
    });
    expect(await anonymous.post('/auth/sign-in', { email: ana.email, password: PASSWORD })).toMatchObject({
      body: { role: 'owner', tenant: { id: ana.tenantId } },
    });
  });

  it('acts in the first tenant that is not suspended where one names none', async () => {
    const [ana, bia] = [await signUpTenant(application.url), await signUpTenant(application.url)];
    await dispatcher.query(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
      bia.tenantId,
      ana.userId,
    ]);
    await dispatcher.query(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [ana.tenantId]);
    expect(await anonymous.post('/auth/sign-in', { email: ana.email, password: PASSWORD })).toMatchObject({
      status: 200,
      body: { tenant: { id: bia.tenantId } },
    });
  });

  it('rotates refresh tokens and gives the same successor twice within the grace', async () => {
    const { refreshToken } = await signUpTenant(application.url);
    const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken), refresh(refreshToken)]);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    const successors = new Set(answers.map((answer) => answer.body.refreshToken));
    expect(successors.size).toBe(1);
    expect(successors.has(refreshToken)).toBe(false);
    const next = await refresh([...successors][0] as string);
    expect(next.status).toBe(200);
    expect((await new ApiClient(application.url, next.body.accessToken).get('/auth/me')).status).toBe(200);
  });

  it('ends the whole session when a token is used again after the grace', async () => {
    const { refreshToken, accessToken } = await signUpTenant(application.url);
    const first = await refresh(refreshToken);
    const second = await refresh(first.body.refreshToken);
    await ageUsedTokens(11);
    expect(await refresh(refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'refresh_token_rejected' },
    });
    for (const token of [first.body.refreshToken, second.body.refreshToken]) {
      expect((await refresh(token)).status).toBe(401);
    }
    expect((await new ApiClient(application.url, accessToken).get('/auth/me')).status).toBe(401);
  });

  it('renews nothing by a token that is too old, and leaves the session to end by itself', async () => {
    const { refreshToken, userId, client } = await signUpTenant(application.url);
    await dispatcher.query(
      `UPDATE refresh_tokens SET expires_at = now() FROM sessions
       WHERE sessions.id = session_id AND sessions.user_id = $1`,
      [userId],
    );
    expect(await refresh(refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'refresh_token_rejected' },
    });
    expect((await client.get('/auth/me')).status).toBe(200);
  });

  it('stores no refresh token in clear', async () => {
    const { refreshToken } = await signUpTenant(application.url);
    const { rows } = await dispatcher.query<{ text: string }>('SELECT t::text AS text FROM refresh_tokens t');
    const stored = rows.map((row) => row.text).join('\n');
    expect(stored).not.toContain(refreshToken);
    expect(stored).not.toContain(Buffer.from(refreshToken).toString('hex'));
  });

  it('signs out at once, with refresh tokens too', async () => {
    const { client, refreshToken } = await signUpTenant(application.url);
    expect((await client.get('/auth/me')).status).toBe(200);
    expect((await client.post('/auth/sign-out')).status).toBe(204);
    expect(await client.get('/auth/me')).toMatchObject({ status: 401, body: { code: 'not_signed_in' } });
    expect((await refresh(refreshToken)).status).toBe(401);
  });

  it.each([
    ['none', undefined],
    ['nonsense', 'nonsense'],
    ['an unsigned one', `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims())}.`],
    ['one signed with another key', signed({ alg: 'HS256', typ: 'at+jwt' }, Buffer.alloc(32))],
    ['one signed with an empty key', signed({ alg: 'HS256', typ: 'at+jwt' }, Buffer.alloc(0))],
  ])('refuses %s as access token', async (_, token) => {
    const answer = await new ApiClient(application.url, token).get('/auth/me');
    expect(answer).toMatchObject({ status: 401, body: { code: 'not_signed_in' } });
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
  });

  it('refuses an access token that was changed', async () => {
    const mine = await signUpTenant(application.url);
    const theirs = await signUpTenant(application.url);
    const [header, , signature] = mine.accessToken.split('.');
    const forged = [header, theirs.accessToken.split('.')[1], signature].join('.');
    expect((await new ApiClient(application.url, forged).get('/auth/me')).status).toBe(401);
  });
});

function claims() {
  return {
    sub: randomUUID(),
    tid: randomUUID(),
    sid: randomUUID(),
    iss: 'arauto',
    iat: 0,
    exp: 99_999_999_999,
  };
}
function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
function signed(header: object, key: Buffer): string {
  const text = `${encode(header)}.${encode(claims())}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}
