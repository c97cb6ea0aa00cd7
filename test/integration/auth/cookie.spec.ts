import { PASSWORD } from '../../harness/accounts.js';
import { type Answer } from '../../harness/client.js';
import { AccountScene, type SessionBody, unusedEmail } from './account-scene.js';

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' };
const COOKIE =
  /^__Host-arauto_refresh=([\w-]{43}); Max-Age=2592000; Path=\/; Secure; HttpOnly; SameSite=Strict$/;

describe('a session in a cookie', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());

  const signIn = (email: string, headers: Record<string, string> = OWN_PAGE) =>
    scene.anonymous.post<SessionBody>(
      '/auth/sign-in',
      { email, password: PASSWORD, transport: 'cookie' },
      headers,
    );
  const refresh = (token: string, headers: Record<string, string> = OWN_PAGE) =>
    scene.anonymous.post<SessionBody>(
      '/auth/refresh',
      { transport: 'cookie' },
      { cookie: `theme=dark; __Host-arauto_refresh=${token}`, ...headers },
    );
  const tokenOf = ({ headers }: Answer<unknown>) => COOKIE.exec(headers.get('set-cookie') ?? '')?.[1] ?? '';

  it('has its refresh token in no body, and is renewed by the cookie alone', async () => {
    const { email } = await scene.signUp();
    const signedIn = await signIn(email);
    expect(signedIn.status).toBe(200);
    expect(signedIn.headers.get('set-cookie')).toMatch(COOKIE);
    expect(signedIn.headers.get('cache-control')).toBe('no-store');
    expect(signedIn.body).not.toHaveProperty('refreshToken');
    expect(JSON.stringify(signedIn.body)).not.toContain(tokenOf(signedIn));
    const refreshed = await refresh(tokenOf(signedIn));
    expect(refreshed.status).toBe(200);
    expect(refreshed.body).not.toHaveProperty('refreshToken');
    expect(tokenOf(refreshed)).not.toBe(tokenOf(signedIn));
    expect((await scene.as(refreshed.body.accessToken).get('/auth/me')).status).toBe(200);
    const signedOut = await scene
      .as(refreshed.body.accessToken)
      .post('/auth/sign-out', undefined, { cookie: `__Host-arauto_refresh=${tokenOf(refreshed)}` });
    expect(signedOut.status).toBe(204);
    expect(signedOut.headers.get('set-cookie')).toMatch(
      /^__Host-arauto_refresh=; Max-Age=0; Path=\/; Secure/,
    );
    expect((await refresh(tokenOf(refreshed))).status).toBe(401);
  });

  it('gives two tabs that refresh at once the same successor', async () => {
    const { email } = await scene.signUp();
    const token = tokenOf(await signIn(email));
    const answers = await Promise.all([refresh(token), refresh(token)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(answers.map(tokenOf)).size).toBe(1);
  });

  it('begins with sign-up, and goes on in another tenant', async () => {
    const person = { email: unusedEmail(), password: PASSWORD, name: 'Ana', tenantName: 'Acme' };
    const signedUp = await scene.anonymous.post<SessionBody & { tenant: { id: string } }>(
      '/auth/sign-up',
      { ...person, transport: 'cookie' },
      OWN_PAGE,
    );
    expect(signedUp.status).toBe(201);
    expect(signedUp.body).not.toHaveProperty('refreshToken');
    expect((await refresh(tokenOf(signedUp))).status).toBe(200);
    const elsewhere = await scene.signUp();
    await scene.look(
      `INSERT INTO members (tenant_id, user_id, role) SELECT $1, id, 'viewer' FROM users WHERE email = $2`,
      [elsewhere.tenantId, person.email],
    );
    // A script of the page can't carry it off into a body.
    expect(
      await scene
        .as(signedUp.body.accessToken)
        .post('/auth/switch-tenant', { tenantId: elsewhere.tenantId, transport: 'body' }),
    ).toMatchObject({ status: 403, body: { code: 'session_in_cookie' } });
    const switched = await scene
      .as(signedUp.body.accessToken)
      .post('/auth/switch-tenant', { tenantId: elsewhere.tenantId, transport: 'cookie' }, OWN_PAGE);
    expect(switched.status).toBe(200);
    expect(tokenOf(switched)).not.toBe('');
  });

  it.each([
    ["another site's page", { 'sec-fetch-site': 'cross-site' }],
    ['a page of a neighbour under the same domain', { 'sec-fetch-site': 'same-site' }],
    ['an old browser on another page', { origin: 'https://evil.example' }],
    ['a page that hides where it is', { origin: 'null' }],
    ['who says nothing', {}],
  ] as [string, Record<string, string>][])('does nothing for %s', async (_, headers) => {
    const { email } = await scene.signUp();
    const token = tokenOf(await signIn(email));
    for (const answer of [await refresh(token, headers), await signIn(email, headers)]) {
      expect(answer).toMatchObject({ status: 403, body: { code: 'foreign_page' } });
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    // The token was not used up by whoever was refused.
    expect((await refresh(token)).status).toBe(200);
  });

  it('works for an old browser on a page of our own', async () => {
    const { email } = await scene.signUp();
    const token = tokenOf(await signIn(email));
    expect((await refresh(token, { origin: scene.application.url })).status).toBe(200);
  });

  it('is not what a body says, nor is a cookie taken where none is named', async () => {
    const { email } = await scene.signUp();
    const token = tokenOf(await signIn(email));
    const asBody = await scene.anonymous.post(
      '/auth/refresh',
      {},
      { cookie: `__Host-arauto_refresh=${token}` },
    );
    expect(asBody.status).toBe(400);
    const both = { transport: 'cookie', refreshToken: token };
    expect((await scene.anonymous.post('/auth/refresh', both, OWN_PAGE)).status).toBe(400);
    const none = await scene.anonymous.post('/auth/refresh', { transport: 'cookie' }, OWN_PAGE);
    expect(none).toMatchObject({ status: 401, body: { code: 'refresh_token_rejected' } });
    const access = await scene.anonymous.get('/auth/me');
    expect(access.status).toBe(401);
  });
});
