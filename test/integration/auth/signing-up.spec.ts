import * as argon2 from '@node-rs/argon2';
import { BackgroundWork } from '../../../src/platform/clock/index.js';
import { Mailer } from '../../../src/platform/mail/index.js';
import { PatientMailer } from '../../../src/platform/mail/patient-mailer.js';
import { PASSWORD } from '../../harness/accounts.js';
import { startTestApplication } from '../../harness/application.js';
import { appointOperator } from '../../harness/operators.js';
import { waitUntil } from '../../harness/wait.js';
import { AccountScene, tellingParts, unusedEmail } from './account-scene.js';

jest.mock('@node-rs/argon2', () => {
  const real = jest.requireActual<typeof argon2>('@node-rs/argon2');
  return { ...real, hash: jest.fn(real.hash), verify: jest.fn(real.verify) };
});
const hash = jest.mocked(argon2.hash);
const verify = jest.mocked(argon2.verify);

interface SignedInBody {
  readonly accessToken: string;
  readonly user: { readonly id: string; readonly emailConfirmedAt: string | null };
  readonly tenant: { readonly id: string; readonly name: string };
}

describe('signing up by mail', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open({ SIGN_UP: 'by_mail' });
  });
  afterAll(() => scene.end());
  beforeEach(() => scene.look('DELETE FROM guess_counts'));

  const signUp = (email: string, password = PASSWORD, more: object = {}) =>
    scene.anonymous.post('/auth/sign-up', { email, password, name: 'Ana', tenantName: 'Acme', ...more });
  const complete = (token: string, password = PASSWORD, more: object = {}, headers = {}) =>
    scene.anonymous.post<SignedInBody>('/auth/complete-sign-up', { token, password, ...more }, headers);
  /** An account that is there, as signing up twice needs one. */
  async function settle(): Promise<{ email: string; userId: string }> {
    const email = unusedEmail();
    await signUp(email);
    const { status, body } = await complete(await scene.mailbox.receiveToken(email));
    expect(status).toBe(201);
    return { email, userId: body.user.id };
  }
  const people = (email: string) => scene.look('SELECT id FROM users WHERE email = $1', [email]);
  const refusedLink = { status: 400, body: { code: 'link_not_valid' } };

  it('makes person, tenant and session when the link is opened, once, and nothing before', async () => {
    const email = unusedEmail();
    const answer = await signUp(email, PASSWORD, { language: 'es', timeZone: 'America/Lima' });
    expect(answer.status).toBe(202);
    const { subject, text } = await scene.mailbox.receive(email);
    expect(subject).toBe('Completa tu registro');
    expect(text).toContain('/complete-sign-up#token=');
    expect(await people(email)).toEqual([]);
    expect(await scene.signIn(email)).toMatchObject({ status: 401, body: { code: 'wrong_credentials' } });

    const token = await scene.mailbox.receiveToken(email);
    const made = await complete(token);
    expect(made).toMatchObject({
      status: 201,
      body: {
        user: { email, emailConfirmedAt: expect.any(String) as string, language: 'es' },
        tenant: { name: 'Acme', language: 'es', timeZone: 'America/Lima' },
        role: 'owner',
      },
    });
    expect(await scene.as(made.body.accessToken).get('/auth/me')).toMatchObject({ status: 200 });
    expect((await scene.signIn(email)).status).toBe(200);
    const [opened] = await scene.auditOf(made.body.tenant.id);
    expect(opened).toMatchObject({ action: 'session.opened', details: { way: 'sign_up' } });

    expect(await complete(token)).toMatchObject(refusedLink);
    expect(await scene.look('SELECT FROM pending_sign_ups WHERE email = $1', [email])).toEqual([]);
    expect(await scene.mailbox.listTo(email)).toHaveLength(1);
  });

  it('answers, works and writes the same, whoever has the address', async () => {
    const { email: known } = await settle();
    const pending = unusedEmail();
    await signUp(pending);
    await scene.mailbox.receive(pending);
    const operator = (await appointOperator(scene.application, unusedEmail())).email;
    const ask = async (email: string) => {
      hash.mockClear();
      verify.mockClear();
      const answer = tellingParts(await signUp(email));
      return { answer, hashes: hash.mock.calls.length, comparisons: verify.mock.calls.length };
    };
    const unknown = await ask(unusedEmail());
    expect(unknown).toMatchObject({ answer: { status: 202 }, hashes: 1, comparisons: 0 });
    const counts = () => scene.look('SELECT key, count FROM guess_counts ORDER BY key');
    await scene.look('DELETE FROM guess_counts');
    expect(await ask(unusedEmail())).toEqual(unknown);
    const counted = await counts();
    for (const email of [known, pending, operator]) {
      await scene.look('DELETE FROM guess_counts');
      expect(await ask(email)).toEqual(unknown);
      // Also what is counted: nobody is held up sooner by one of them, and no network gets known to an account.
      expect(await counts()).toEqual(counted);
    }
    expect((await scene.mailbox.receive(known, 2)).subject).toBe('You have an account already');
    expect((await scene.mailbox.receive(operator)).text).not.toContain('token');
    expect((await scene.mailbox.receive(pending, 2)).subject).toBe('Complete your sign-up');
    expect(await scene.look('SELECT FROM pending_sign_ups WHERE email = $1', [known])).toEqual([]);
  });

  it('goes on with the newest link alone, and for 48 hours', async () => {
    const email = unusedEmail();
    await signUp(email);
    const older = await scene.mailbox.receiveToken(email);
    await signUp(email, 'battery staple correct', { tenantName: 'Newer' });
    const newer = await scene.mailbox.receiveToken(email, 2);
    expect(await complete(older)).toMatchObject(refusedLink);
    const life = `SELECT round(extract(epoch FROM expires_at - now()) / 3600)::int AS hours
                    FROM pending_sign_ups WHERE email = $1`;
    expect(await scene.look(life, [email])).toEqual([{ hours: 48 }]);
    await scene.look('UPDATE pending_sign_ups SET expires_at = now() WHERE email = $1', [email]);
    expect(await complete(newer, 'battery staple correct')).toMatchObject(refusedLink);
    await scene.look(
      `UPDATE pending_sign_ups SET expires_at = now() + interval '1 minute' WHERE email = $1`,
      [email],
    );
    const made = await complete(newer, 'battery staple correct');
    expect(made).toMatchObject({ status: 201, body: { tenant: { name: 'Newer' } } });
  });

  it("gives nobody an account with somebody else's address, whoever of the two opens the link", async () => {
    const email = unusedEmail();
    await signUp(email, 'password of mallory');
    const token = await scene.mailbox.receiveToken(email);
    const opened = await complete(token, PASSWORD);
    expect(opened).toMatchObject({ status: 401, body: { code: 'wrong_credentials' } });
    expect(await people(email)).toEqual([]);
    expect((await scene.signIn(email, 'password of mallory')).status).toBe(401);
    for (let n = 0; n < 9; n += 1) await complete(token, `password number ${n}`);
    expect(await complete(token, 'password of mallory')).toMatchObject({ status: 429 });
  });

  it('keeps neither the token nor the password', async () => {
    const email = unusedEmail();
    const password = 'a password to be looked for';
    await signUp(email, password);
    const token = await scene.mailbox.receiveToken(email);
    const [row] = await scene.look<{ text: string }>(
      'SELECT p::text AS text FROM pending_sign_ups p WHERE email = $1',
      [email],
    );
    expect(row?.text).toContain('$argon2id$');
    for (const form of [token, Buffer.from(token).toString('hex'), password])
      expect(row?.text).not.toContain(form);
  });

  it('makes one account of a link that is opened by several at once', async () => {
    const email = unusedEmail();
    await signUp(email);
    const token = await scene.mailbox.receiveToken(email);
    const statuses = (await Promise.all([1, 2, 3].map(() => complete(token)))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 400, 400]);
    expect(await people(email)).toHaveLength(1);
  });

  it('makes no second account where the address got one in another way', async () => {
    const email = unusedEmail();
    await signUp(email);
    const token = await scene.mailbox.receiveToken(email);
    const { userId } = await settle();
    await scene.look('UPDATE users SET email = $2 WHERE id = $1', [userId, email]);
    expect(await complete(token)).toMatchObject({ status: 409, body: { code: 'email_taken' } });
    expect(await people(email)).toEqual([{ id: userId }]);
  });

  it('opens the session in the browser that opens the link', async () => {
    const email = unusedEmail();
    await signUp(email);
    const token = await scene.mailbox.receiveToken(email);
    const cookie = { transport: 'cookie' };
    const foreign = await complete(token, PASSWORD, cookie, { 'sec-fetch-site': 'cross-site' });
    expect(foreign).toMatchObject({ status: 403, body: { code: 'foreign_page' } });
    const own = await complete(token, PASSWORD, cookie, { 'sec-fetch-site': 'same-origin' });
    expect(own.status).toBe(201);
    expect(own.headers.get('set-cookie')).toContain('__Host-arauto_refresh=');
    expect(own.body).not.toHaveProperty('refreshToken');
  });

  it('says so where new tenants get no plan, and the link stays good', async () => {
    const email = unusedEmail();
    await signUp(email);
    const token = await scene.mailbox.receiveToken(email);
    await scene.look('UPDATE plans SET is_default = false WHERE is_default');
    expect(await complete(token)).toMatchObject({ status: 503, body: { code: 'no_default_plan' } });
    expect(await people(email)).toEqual([]);
    await scene.look(`UPDATE plans SET is_default = true WHERE name = 'unlimited'`);
    expect((await complete(token)).status).toBe(201);
  });

  it('is refused where no mail can be sent', async () => {
    const unable = new PatientMailer(undefined, new BackgroundWork(), { admit: () => Promise.resolve(true) });
    const refusing = jest
      .spyOn(scene.application.app.get(Mailer), 'refuseIfUnable')
      .mockImplementation(() => unable.refuseIfUnable());
    const email = unusedEmail();
    expect(await signUp(email)).toMatchObject({ status: 503, body: { code: 'mail_not_set_up' } });
    refusing.mockRestore();
    expect(await scene.look('SELECT FROM pending_sign_ups WHERE email = $1', [email])).toEqual([]);
  });

  it('leaves nothing of those who never opened the link', async () => {
    const email = unusedEmail();
    await signUp(email);
    await scene.mailbox.receive(email);
    await scene.look('UPDATE pending_sign_ups SET expires_at = now() WHERE email = $1', [email]);
    const { database } = scene.application;
    const scheduler = await startTestApplication({ ARAUTO_ROLES: 'scheduler' }, { database });
    try {
      await waitUntil(
        async () => (await scene.look('SELECT FROM pending_sign_ups WHERE email = $1', [email])).length === 0,
      );
    } finally {
      await scheduler.close();
    }
  });
});

describe('signing up at once', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());

  it('tells the owner of an address that somebody tried', async () => {
    const { email } = await scene.signUp();
    await scene.mailbox.receive(email);
    const body = { email, password: PASSWORD, name: 'Mallory', tenantName: 'Acme' };
    expect((await scene.anonymous.post('/auth/sign-up', body)).status).toBe(409);
    const { subject, text } = await scene.mailbox.receive(email, 2);
    expect(subject).toBe('You have an account already');
    expect(text).not.toContain('Mallory');
  });

  it('says so where new tenants get no plan', async () => {
    const email = unusedEmail();
    const body = { email, password: PASSWORD, name: 'Ana', tenantName: 'Acme' };
    await scene.look('UPDATE plans SET is_default = false WHERE is_default');
    const answer = await scene.anonymous.post('/auth/sign-up', body);
    expect(answer).toMatchObject({ status: 503, body: { code: 'no_default_plan' } });
    await scene.look(`UPDATE plans SET is_default = true WHERE name = 'unlimited'`);
    expect((await scene.anonymous.post('/auth/sign-up', body)).status).toBe(201);
  });
});
