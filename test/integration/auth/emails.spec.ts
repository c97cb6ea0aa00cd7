import { Configuration, parseSettings } from '../../../src/config/index.js';
import { BackgroundWork, Clock } from '../../../src/platform/clock/index.js';
import { Mailer } from '../../../src/platform/mail/index.js';
import { chooseTransport } from '../../../src/platform/mail/mail.module.js';
import { PatientMailer } from '../../../src/platform/mail/patient-mailer.js';
import { PASSWORD } from '../../harness/accounts.js';
import { AccountScene, unusedEmail } from './account-scene.js';

const key = Buffer.alloc(32);

interface MeBody {
  user: { email: string; emailConfirmedAt: string | null };
}

describe('e-mail addresses', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open({ CONSOLE_URL: 'https://console.example.org/' });
  });
  afterAll(() => scene.end());

  const confirm = (token: string) => scene.anonymous.post('/auth/confirm-email', { token });

  it('are confirmed by the link that sign-up mails, once', async () => {
    const { client, email } = await scene.signUp();
    expect((await client.get<MeBody>('/auth/me')).body.user.emailConfirmedAt).toBeNull();
    const mail = await scene.mailbox.receive(email);
    expect(mail.text).toMatch(/^https:\/\/console\.example\.org\/confirm-email#token=[\w-]{43}$/m);
    const token = await scene.mailbox.receiveToken(email);
    const answers = await Promise.all([confirm(token), confirm(token), confirm(token)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 400, 400]);
    expect(answers.find(({ status }) => status === 400)).toMatchObject({ body: { code: 'link_not_valid' } });
    const { body } = await client.get<MeBody>('/auth/me');
    expect(new Date(body.user.emailConfirmedAt ?? 0).getTime()).toBeGreaterThan(Date.parse('2020-01-01'));
    expect(await client.post('/auth/resend-confirmation')).toMatchObject({
      status: 409,
      body: { code: 'email_confirmed_already' },
    });
  });

  it('are not confirmed by a link that is too old, or whose text is kept anywhere', async () => {
    const { email, userId } = await scene.signUp();
    const token = await scene.mailbox.receiveToken(email);
    const stored = await scene.look<{ text: string }>(
      'SELECT t::text AS text FROM account_tokens t WHERE user_id = $1',
      [userId],
    );
    expect(stored).toHaveLength(1);
    expect(stored[0]?.text).not.toContain(token);
    expect(stored[0]?.text).not.toContain(Buffer.from(token).toString('hex'));
    await scene.look(`UPDATE account_tokens SET expires_at = now() WHERE user_id = $1`, [userId]);
    expect(await confirm(token)).toMatchObject({ status: 400, body: { code: 'link_not_valid' } });
  });

  it('get another mail when asked for, and not without end', async () => {
    const { client, email } = await scene.signUp();
    const answers = [];
    for (let n = 0; n < 4; n += 1) answers.push(await client.post('/auth/resend-confirmation'));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 429]);
    expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await confirm(await scene.mailbox.receiveToken(email, 4))).status).toBe(204);
  });

  it('change when the new one is confirmed, and the old one is told', async () => {
    const { client, email, tenantId, userId } = await scene.signUp();
    const elsewhere = await scene.signUp('Bia');
    await scene.join(userId, elsewhere.tenantId);
    const first = await scene.mailbox.receiveToken(email);
    const next = unusedEmail();
    const change = (password: string) => client.post('/auth/change-email', { email: next, password });
    expect(await change('not the password')).toMatchObject({ status: 403, body: { code: 'wrong_password' } });
    expect((await change(PASSWORD)).status).toBe(202);
    const token = await scene.mailbox.receiveToken(next);
    expect((await client.get<MeBody>('/auth/me')).body.user).toMatchObject({ email });
    expect((await confirm(token)).status).toBe(204);
    const { user } = (await client.get<MeBody>('/auth/me')).body;
    expect(user.email).toBe(next);
    expect(user.emailConfirmedAt).not.toBeNull();
    expect((await scene.mailbox.receive(email, 2)).subject).toContain('was changed');
    expect((await scene.signIn(email)).status).toBe(401);
    expect((await scene.signIn(next)).status).toBe(200);
    expect(await confirm(first)).toMatchObject({ status: 400 });
    const acts = async (id: string) => (await scene.auditOf(id)).map(({ action }) => action);
    expect(await acts(tenantId)).toEqual([
      'session.opened',
      'email.change_requested',
      'email.changed',
      'session.opened',
    ]);
    expect(await acts(elsewhere.tenantId)).toEqual(['session.opened', 'email.changed']);
  });

  it('of somebody else are taken neither now nor later, and nobody hears whose they are', async () => {
    const [ana, bia] = [await scene.signUp(), await scene.signUp()];
    const ask = (email: string) => ana.client.post('/auth/change-email', { email, password: PASSWORD });
    const free = unusedEmail();
    const [taken, open] = [await ask(bia.email), await ask(free)];
    expect({ status: taken.status, body: taken.body }).toEqual({ status: open.status, body: open.body });
    const token = await scene.mailbox.receiveToken(free);
    await scene.look('UPDATE users SET email = $1 WHERE id = $2', [free, bia.userId]);
    expect(await confirm(token)).toMatchObject({ status: 409, body: { code: 'email_taken' } });
    expect((await ana.client.get<MeBody>('/auth/me')).body.user.email).toBe(ana.email);
    // Nothing but the mail of her own sign-up.
    expect(await scene.mailbox.listTo(bia.email)).toHaveLength(1);
  });

  it('are written to in the language of the person', async () => {
    const email = unusedEmail();
    const person = { email, password: PASSWORD, name: 'Ana', tenantName: 'Acme', language: 'pt-BR' };
    expect((await scene.anonymous.post('/auth/sign-up', person)).status).toBe(201);
    expect((await scene.mailbox.receive(email)).subject).toBe('Confirme seu endereço de e-mail');
  });
});

describe('without a mail server', () => {
  let scene: AccountScene;
  const background = new BackgroundWork();
  const generous = { admit: () => Promise.resolve(true) };
  beforeAll(async () => {
    scene = await AccountScene.open();
    // What production without SMTP_URL has; production itself refuses the test's server, which trades safety for speed.
    const secrets = { ENCRYPTION_KEY: key, SESSION_KEY: key, SANDBOX_KEY: key };
    const production = new Configuration(parseSettings({ NODE_ENV: 'production' }), secrets);
    const unable = new PatientMailer(chooseTransport(production, new Clock()), background, generous);
    const mailer = scene.application.app.get(Mailer);
    for (const name of ['refuseIfUnable', 'send', 'sendInBackground', 'sendAskedFor'] as const)
      Object.defineProperty(mailer, name, { value: unable[name].bind(unable) });
  });
  afterAll(async () => {
    await background.onModuleDestroy();
    await scene.end();
  });

  it('people can sign up, and what needs a mail says that there is none', async () => {
    const { client, email } = await scene.signUp();
    const answers = [
      await client.post('/auth/resend-confirmation'),
      await client.post('/auth/change-email', { email: unusedEmail(), password: PASSWORD }),
      await scene.anonymous.post('/auth/forgot-password', { email }),
      await scene.anonymous.post('/auth/forgot-password', { email: unusedEmail() }),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 503, body: { code: 'mail_not_set_up' } });
    expect(await scene.mailbox.listTo(email)).toEqual([]);
  });
});
