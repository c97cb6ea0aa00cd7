import { PASSWORD } from '../../harness/accounts.js';
import { type ApiClient } from '../../harness/client.js';
import { waitUntil } from '../../harness/wait.js';
import { AccountScene, tellingParts, unusedEmail } from './account-scene.js';

const NEW_PASSWORD = 'battery staple correct';

describe('a forgotten password', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());

  const forget = (email: string) => scene.anonymous.post('/auth/forgot-password', { email });
  const reset = (token: string, password = NEW_PASSWORD) =>
    scene.anonymous.post('/auth/reset-password', { token, password });

  it('is replaced by the link of the mail, once, and every session ends', async () => {
    const { client, email, tenantId, userId, refreshToken } = await scene.signUp();
    const elsewhere = await scene.signUp('Bia');
    await scene.join(userId, elsewhere.tenantId);
    const other = await scene.openSession(email);
    expect((await forget(email)).status).toBe(202);
    const token = await scene.mailbox.receiveToken(email, 2);
    expect((await client.get('/auth/me')).status).toBe(200);
    const answers = await Promise.all([reset(token), reset(token)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 400]);
    for (const one of [client, other]) expect((await one.get('/auth/me')).status).toBe(401);
    expect((await scene.anonymous.post('/auth/refresh', { refreshToken })).status).toBe(401);
    expect((await scene.signIn(email)).status).toBe(401);
    const again = await scene.openSession(email, NEW_PASSWORD);
    // The link came, so the address is theirs.
    const { body } = await again.get<{ user: { emailConfirmedAt: string | null } }>('/auth/me');
    expect(body.user.emailConfirmedAt).not.toBeNull();
    expect((await scene.mailbox.receive(email, 3)).subject).toBe('Your password was changed');
    const ended = (await scene.auditOf(tenantId)).filter(({ action }) => action === 'session.ended');
    expect(ended.map(({ details }) => details['reason'])).toEqual(['password_changed', 'password_changed']);
    // Once, in every tenant of theirs.
    for (const id of [tenantId, elsewhere.tenantId]) {
      const resets = (await scene.auditOf(id)).filter(({ action }) => action === 'password.reset');
      expect(resets).toHaveLength(1);
    }
  });

  it('is not replaced by a link that is too old, was asked for before another, or is for something else', async () => {
    const { email, userId } = await scene.signUp();
    const confirmation = await scene.mailbox.receiveToken(email);
    expect(await reset(confirmation)).toMatchObject({ status: 400, body: { code: 'link_not_valid' } });
    await forget(email);
    const first = await scene.mailbox.receiveToken(email, 2);
    await forget(email);
    const second = await scene.mailbox.receiveToken(email, 3);
    expect(await scene.anonymous.post('/auth/confirm-email', { token: first })).toMatchObject({
      status: 400,
    });
    expect((await reset(second)).status).toBe(204);
    expect((await reset(first)).status).toBe(400);
    await forget(email);
    const third = await scene.mailbox.receiveToken(email, 5);
    await scene.look('UPDATE account_tokens SET expires_at = now() WHERE user_id = $1', [userId]);
    expect((await reset(third)).status).toBe(400);
    expect((await scene.signIn(email, NEW_PASSWORD)).status).toBe(200);
  });

  it('is not replaced by a link that went to an address which is no more theirs', async () => {
    const { email, userId } = await scene.signUp();
    await forget(email);
    const token = await scene.mailbox.receiveToken(email, 2);
    await scene.look('UPDATE users SET email = $1 WHERE id = $2', [unusedEmail(), userId]);
    expect(await reset(token)).toMatchObject({ status: 400, body: { code: 'link_not_valid' } });
    await scene.look('UPDATE users SET email = $1 WHERE id = $2', [email, userId]);
    expect((await scene.signIn(email)).status).toBe(200);
  });

  it('is replaced with everything that this ends, in one transaction', async () => {
    const { client, email, tenantId } = await scene.signUp();
    await scene.openSession(email);
    await forget(email);
    expect((await reset(await scene.mailbox.receiveToken(email, 2))).status).toBe(204);
    expect((await client.get('/auth/me')).status).toBe(401);
    const transactions = await scene.look(
      `SELECT xmin::text, count(*)::int AS entries FROM audit_entries
       WHERE tenant_id = $1 AND action IN ('password.reset', 'session.ended') GROUP BY xmin`,
      [tenantId],
    );
    expect(transactions).toEqual([expect.objectContaining({ entries: 3 })]);
  });

  it('puts out whoever made the account with an address that is not theirs', async () => {
    const stranger = await scene.signUp();
    const elsewhere = await scene.openSession(stranger.email);
    const made = await stranger.client.post<{ id: string; key: string }>('/api-keys', {
      name: 'A way back in',
      scopes: ['bots:read'],
    });
    expect((await scene.as(made.body.key).get('/bots')).status).toBe(200);
    const setUp = await stranger.client.post('/auth/second-factor/set-up', { password: PASSWORD });
    expect(setUp.status).toBe(409);
    // Whatever way there may have been to one, the owner of the address is not to be asked for its codes.
    await scene.look(
      `INSERT INTO second_factors (user_id, secret_ciphertext, confirmed_at) VALUES ($1, 'x', now())`,
      [stranger.userId],
    );
    await forget(stranger.email);
    expect((await reset(await scene.mailbox.receiveToken(stranger.email, 2))).status).toBe(204);
    for (const one of [stranger.client, elsewhere]) expect((await one.get('/auth/me')).status).toBe(401);
    await waitUntil(async () => (await scene.as(made.body.key).get('/bots')).status === 401);
    expect((await scene.signIn(stranger.email)).status).toBe(401);
    const owner = await scene.openSession(stranger.email, NEW_PASSWORD);
    expect(await owner.get('/auth/me')).toMatchObject({ body: { secondFactor: { isOn: false } } });
    expect((await scene.auditOf(stranger.tenantId)).map(({ action }) => action)).toContain('api_key.revoked');

    // From now on it is theirs: another reset takes nothing that they made.
    const kept = await owner.post<{ key: string }>('/api-keys', { name: 'Mine', scopes: ['bots:read'] });
    await forget(stranger.email);
    const token = await scene.mailbox.receiveToken(stranger.email, 4);
    expect((await reset(token, PASSWORD)).status).toBe(204);
    expect((await scene.as(kept.body.key).get('/bots')).status).toBe(200);
  });

  it('tells nobody whether an address has an account', async () => {
    const { email } = await scene.signUp();
    const nobody = unusedEmail();
    expect(tellingParts(await forget(nobody))).toEqual(tellingParts(await forget(email)));
    // That mail came, so the other one was looked after too.
    await scene.mailbox.receive(email, 2);
    expect(await scene.mailbox.listTo(nobody)).toEqual([]);
  });

  it.each([
    ['somebody', async () => (await scene.signUp()).email],
    ['nobody', () => Promise.resolve(unusedEmail())],
  ])('sends not more than a few mails to %s', async (_, prepare) => {
    const email = await prepare();
    const statuses = [];
    for (let n = 0; n < 6; n += 1) statuses.push((await forget(email)).status);
    expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
  });
});

describe('changing the password', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());

  const change = (client: ApiClient, currentPassword: string) =>
    client.post('/auth/change-password', { currentPassword, newPassword: NEW_PASSWORD });

  it('takes the old one, ends the other sessions in every tenant, and mails a note', async () => {
    const { client, email, tenantId, userId } = await scene.signUp();
    const elsewhere = await scene.signUp('Bia');
    await scene.join(userId, elsewhere.tenantId);
    const others = [
      await scene.openSession(email),
      await scene.openSession(email, PASSWORD, { tenantId: elsewhere.tenantId }),
    ];
    expect(await change(client, 'not the password')).toMatchObject({
      status: 403,
      body: { code: 'wrong_password' },
    });
    for (const other of others) expect((await other.get('/auth/me')).status).toBe(200);
    expect((await change(client, PASSWORD)).status).toBe(204);
    for (const other of others) expect((await other.get('/auth/me')).status).toBe(401);
    expect((await client.get('/auth/me')).status).toBe(200);
    expect((await scene.signIn(email)).status).toBe(401);
    expect((await scene.signIn(email, NEW_PASSWORD)).status).toBe(200);
    expect((await scene.mailbox.receive(email, 2)).subject).toBe('Your password was changed');
    expect((await scene.auditOf(tenantId)).map(({ action }) => action)).toEqual([
      'session.opened',
      'session.opened',
      'password.changed',
      'session.ended',
      'session.opened',
    ]);
    expect((await scene.auditOf(elsewhere.tenantId)).map(({ action }) => action)).toEqual([
      'session.opened',
      'session.opened',
      'session.ended',
    ]);
  });

  it('lets nobody with a stolen session guess the old one', async () => {
    const { client, email } = await scene.signUp();
    const answers = await Promise.all(Array.from({ length: 12 }, () => change(client, 'not the password')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 403)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(2);
    expect((await change(client, PASSWORD)).status).toBe(429);
    expect((await scene.signIn(email)).status).toBe(429);
  });
});
