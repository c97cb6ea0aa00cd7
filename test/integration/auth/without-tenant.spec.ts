import { DesertedAccountsCleaning } from '../../../src/auth/deserted-accounts.cleaning.js';
import { PASSWORD } from '../../harness/accounts.js';
import { startTestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { AccountScene, type SessionBody, tellingParts } from './account-scene.js';

const COMPANY = { name: 'Ana', tenantName: 'Her own' };

/** Removed from the only tenant that they belonged to. */
describe('a person without a tenant', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open({ ARAUTO_ROLES: 'api,scheduler' });
  });
  afterAll(() => scene.end());

  async function removed() {
    const [owner, person] = [await scene.signUp(), await scene.signUp('Rui')];
    await scene.join(person.userId, owner.tenantId);
    await scene.look('DELETE FROM members WHERE user_id = $1 AND tenant_id = $2', [
      person.userId,
      person.tenantId,
    ]);
    expect((await owner.client.delete(`/tenant/members/${person.userId}`)).status).toBe(204);
    return { ...person, lastTenantId: owner.tenantId };
  }
  const signUp = (email: string, password: string) =>
    scene.anonymous.post<SessionBody>('/auth/sign-up', { ...COMPANY, email, password });

  it('hears so on signing in, and gets a tenant by signing up with the right password', async () => {
    const { email, userId } = await removed();
    expect(await scene.signIn(email)).toMatchObject({ status: 409, body: { code: 'without_tenant' } });
    const again = await signUp(email, PASSWORD);
    expect(again).toMatchObject({ status: 201, body: { role: 'owner', tenant: { name: 'Her own' } } });
    expect(await scene.as(again.body.accessToken).get('/auth/me')).toMatchObject({
      status: 200,
      body: { user: { id: userId } },
    });
    expect((await scene.signIn(email)).status).toBe(200);
    // Now they have one, so signing up is for others.
    expect(await signUp(email, PASSWORD)).toMatchObject({ status: 409, body: { code: 'email_taken' } });
    await scene.look('DELETE FROM guess_counts');
  });

  it('makes one tenant, however many sign up at once', async () => {
    const { email, userId } = await removed();
    const answers = await Promise.all(Array.from({ length: 4 }, () => signUp(email, PASSWORD)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(await scene.look('SELECT FROM members WHERE user_id = $1', [userId])).toHaveLength(1);
    await scene.look('DELETE FROM guess_counts');
  });

  it('gets one by mail too, for the link and the password of the account', async () => {
    const { email, userId } = await removed();
    const byMail = await startTestApplication(
      { ARAUTO_ROLES: 'api', SIGN_UP: 'by_mail' },
      { database: scene.application.database },
    );
    try {
      const client = new ApiClient(byMail.url);
      expect((await client.post('/auth/sign-up', { ...COMPANY, email, password: PASSWORD })).status).toBe(
        202,
      );
      const token = await byMail.mailbox.receiveToken(email);
      expect(await client.post('/auth/complete-sign-up', { token, password: PASSWORD })).toMatchObject({
        status: 201,
        body: { role: 'owner', user: { id: userId } },
      });
    } finally {
      await byMail.close();
    }
  });

  it('is not told from others to whoever has a wrong password, who guesses at it', async () => {
    const [{ email }, other] = [await removed(), await scene.signUp()];
    const wrong = 'not the password';
    expect(tellingParts(await signUp(email, wrong))).toEqual(tellingParts(await signUp(other.email, wrong)));
    // As many as ten wrong ones are free, wherever they are tried.
    for (let n = 0; n < 9; n += 1) expect((await scene.signIn(email, wrong)).status).toBe(401);
    expect((await scene.signIn(email, wrong)).status).toBe(429);
    await scene.look('DELETE FROM guess_counts');
  });

  it('shows a second factor too, where one is on', async () => {
    const { email, userId } = await removed();
    await scene.look(
      `INSERT INTO second_factors (user_id, secret_ciphertext, confirmed_at) VALUES ($1, 'x', now())`,
      [userId],
    );
    expect(await signUp(email, PASSWORD)).toMatchObject({
      status: 401,
      body: { code: 'second_factor_required', challenge: expect.any(String) as string },
    });
    await scene.look('DELETE FROM guess_counts');
  });

  it('is told, and forgotten thirty days later; whoever came back stays, and operators do', async () => {
    const cleaning = scene.application.app.get(DesertedAccountsCleaning, { strict: false });
    const clean = () => cleaning.clean();
    const [gone, back, operator] = [await removed(), await removed(), await removed()];
    await scene.look('INSERT INTO operators (user_id) VALUES ($1)', [operator.userId]);
    const ids = [gone, back, operator].map(({ userId }) => userId);
    await clean();
    const mail = await scene.mailbox.receive(gone.email, 2);
    expect(mail.subject).toBe('Your account belongs to no tenant any more');
    await scene.look(
      `UPDATE users SET without_tenant_since = now() - interval '31 days' WHERE id = ANY ($1)`,
      [ids],
    );
    await scene.join(back.userId, back.lastTenantId);
    await clean();
    const left = async () =>
      (await scene.look<{ id: string }>('SELECT id FROM users WHERE id = ANY ($1)', [ids])).map(
        ({ id }) => id,
      );
    expect((await left()).sort()).toEqual([back.userId, operator.userId].sort());
    expect((await signUp(gone.email, 'another pass phrase')).status).toBe(201);
  });
});
