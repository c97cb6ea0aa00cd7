import { Secret } from 'otpauth';
import { PASSWORD, type SignedUpTenant } from '../../harness/accounts.js';
import { type Answer } from '../../harness/client.js';
import { AccountScene, type SessionBody } from './account-scene.js';
import { Authenticator } from './authenticator.js';

interface Codes {
  recoveryCodes: string[];
}

describe('a second factor', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());

  interface Guarded extends SignedUpTenant {
    authenticator: Authenticator;
    recoveryCodes: string[];
  }
  /** Turns the clock back for what was used, instead of waiting for the next code. */
  const forgetSteps = (userId: string) =>
    scene.look('UPDATE second_factors SET last_step = 0 WHERE user_id = $1', [userId]);
  const setUp = ({ client }: SignedUpTenant) =>
    client.post<{ secret: string; uri: string }>('/auth/second-factor/set-up', { password: PASSWORD });

  async function signUpGuarded(): Promise<Guarded> {
    const person = await scene.signUp();
    await scene.confirmAddressOf(person.userId);
    const authenticator = new Authenticator((await setUp(person)).body.secret);
    const confirmed = await person.client.post<Codes>('/auth/second-factor/confirm', {
      code: authenticator.show(),
    });
    expect(confirmed.status).toBe(200);
    await forgetSteps(person.userId);
    return { ...person, authenticator, recoveryCodes: confirmed.body.recoveryCodes };
  }

  async function begin(email: string, more: object = {}): Promise<string> {
    const answer = (await scene.signIn(email, PASSWORD, more)) as unknown as Answer<{ challenge: string }>;
    expect(answer).toMatchObject({ status: 401, body: { code: 'second_factor_required' } });
    return answer.body.challenge;
  }
  const finish = (challenge: string, shown: object) =>
    scene.anonymous.post<SessionBody>('/auth/sign-in/second-factor', { challenge, ...shown });

  it('is off until a first code was shown', async () => {
    const person = await scene.signUp();
    const { client, email, tenantId, userId } = person;
    expect(await setUp(person)).toMatchObject({ status: 409, body: { code: 'email_not_confirmed' } });
    await scene.confirmAddressOf(userId);
    const attempt = await client.post('/auth/second-factor/set-up', { password: 'not the password' });
    expect(attempt).toMatchObject({ status: 403, body: { code: 'wrong_password' } });
    const abandoned = await setUp(person);
    const made = await setUp(person);
    expect(made.body.secret).not.toBe(abandoned.body.secret);
    expect(made.body.uri).toContain(made.body.secret);
    expect((await scene.signIn(email)).status).toBe(200);
    const confirm = (code: string) => client.post<Codes>('/auth/second-factor/confirm', { code });
    const authenticator = new Authenticator(made.body.secret);
    expect(await confirm(authenticator.wrong())).toMatchObject({ status: 403, body: { code: 'wrong_code' } });
    const confirmed = await confirm(authenticator.show());
    expect(confirmed.status).toBe(200);
    expect(new Set(confirmed.body.recoveryCodes).size).toBe(10);
    expect(await client.get('/auth/me')).toMatchObject({
      body: { secondFactor: { isOn: true, recoveryCodesLeft: 10 } },
    });
    expect(await setUp(person)).toMatchObject({ status: 409, body: { code: 'second_factor_on' } });
    expect(await confirm(authenticator.show(30))).toMatchObject({ status: 409 });
    expect((await scene.mailbox.receive(email, 2)).subject).toContain('second factor');
    expect((await scene.auditOf(tenantId)).map(({ action }) => action)).toContain('second_factor.enabled');
  });

  it('is kept sealed, and recovery codes hashed', async () => {
    const { userId, recoveryCodes } = await signUpGuarded();
    const person = await scene.signUp();
    await scene.confirmAddressOf(person.userId);
    const { secret } = (await setUp(person)).body;
    const rows = await scene.look<{ text: string }>(
      `SELECT t::text AS text FROM second_factors t UNION ALL SELECT t::text FROM recovery_codes t`,
    );
    const stored = rows.map(({ text }) => text).join('\n');
    const bytes = Buffer.from(Secret.fromBase32(secret).bytes);
    for (const form of [secret, bytes.toString('hex'), bytes.toString('base64')])
      expect(stored).not.toContain(form);
    for (const code of recoveryCodes) {
      expect(stored).not.toContain(code);
      expect(stored).not.toContain(Buffer.from(code).toString('hex'));
    }
    // Copied to another person it opens nothing.
    await scene.look(
      `UPDATE second_factors SET secret_ciphertext = (SELECT secret_ciphertext FROM second_factors WHERE user_id = $2)
       WHERE user_id = $1`,
      [userId, person.userId],
    );
    const answer = await person.client.post('/auth/second-factor/confirm', {
      code: new Authenticator(secret).show(),
    });
    expect(answer.status).toBe(200);
  });

  it('makes signing in take two steps, the second one once', async () => {
    const { email, tenantId, userId, authenticator } = await signUpGuarded();
    const challenge = await begin(email);
    expect((await scene.as(challenge).get('/auth/me')).status).toBe(401);
    expect(await finish(challenge, { code: authenticator.wrong() })).toMatchObject({
      status: 401,
      body: { code: 'wrong_code' },
    });
    const signedIn = await finish(challenge, { code: authenticator.show() });
    expect(signedIn.status).toBe(200);
    expect((await scene.as(signedIn.body.accessToken).get('/auth/me')).status).toBe(200);
    await forgetSteps(userId);
    expect(await finish(challenge, { code: authenticator.show() })).toMatchObject({
      status: 401,
      body: { code: 'challenge_rejected' },
    });
    const opened = (await scene.auditOf(tenantId)).filter(({ action }) => action === 'session.opened');
    expect(opened.map(({ details }) => details['way'])).toEqual(['sign_up', 'second_factor']);
  });

  it('takes no code twice, of many at once too', async () => {
    const { email, authenticator } = await signUpGuarded();
    const challenges = [await begin(email), await begin(email), await begin(email)];
    const code = authenticator.show();
    const answers = await Promise.all(challenges.map((challenge) => finish(challenge, { code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    const replayed = await finish(await begin(email), { code });
    expect(replayed).toMatchObject({ status: 401, body: { code: 'wrong_code' } });
  });

  it('takes each recovery code once', async () => {
    const { client, email, recoveryCodes } = await signUpGuarded();
    const [recoveryCode = '', second = ''] = recoveryCodes;
    const challenges = [await begin(email), await begin(email)];
    const answers = await Promise.all(challenges.map((challenge) => finish(challenge, { recoveryCode })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    expect((await finish(await begin(email), { recoveryCode })).status).toBe(401);
    expect((await finish(await begin(email), { recoveryCode: second.toUpperCase() })).status).toBe(200);
    expect(await client.get('/auth/me')).toMatchObject({ body: { secondFactor: { recoveryCodesLeft: 8 } } });
  });

  it('does not wait for ever for the second step', async () => {
    const { email, userId, authenticator } = await signUpGuarded();
    const challenge = await begin(email);
    await scene.look('UPDATE account_tokens SET expires_at = now() WHERE user_id = $1', [userId]);
    expect(await finish(challenge, { code: authenticator.show() })).toMatchObject({
      status: 401,
      body: { code: 'challenge_rejected' },
    });
  });

  it('lets nobody guess, not by signing in again and again either', async () => {
    const { email, authenticator } = await signUpGuarded();
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      statuses.push((await finish(await begin(email), { code: authenticator.wrong() })).status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    expect((await finish(await begin(email), { code: authenticator.show() })).status).toBe(429);
  });

  it('tells a foreign tenant from an absent one no more than signing in does', async () => {
    const stranger = await scene.signUp();
    const { email, authenticator, recoveryCodes } = await signUpGuarded();
    const foreign = await begin(email, { tenantId: stranger.tenantId });
    const absent = await begin(email, { tenantId: stranger.userId });
    const answers = [
      await finish(foreign, { code: authenticator.show() }),
      await finish(absent, { recoveryCode: recoveryCodes[0] }),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('is removed with password and code, and not with one of them', async () => {
    const { client, email, tenantId, userId, authenticator, recoveryCodes } = await signUpGuarded();
    const remove = (password: string, shown: object) =>
      client.post('/auth/second-factor/remove', { password, ...shown });
    expect((await remove(PASSWORD, {})).status).toBe(400);
    expect((await remove(PASSWORD, { code: authenticator.wrong() })).status).toBe(403);
    expect((await remove('not the password', { code: authenticator.show() })).status).toBe(403);
    const renewed = await client.post<Codes>('/auth/second-factor/recovery-codes', {
      password: PASSWORD,
      code: authenticator.show(),
    });
    expect(renewed.status).toBe(200);
    expect((await remove(PASSWORD, { recoveryCode: recoveryCodes[0] })).status).toBe(403);
    expect((await remove(PASSWORD, { recoveryCode: renewed.body.recoveryCodes[0] })).status).toBe(204);
    expect((await scene.signIn(email)).status).toBe(200);
    expect(await scene.look('SELECT FROM recovery_codes WHERE user_id = $1', [userId])).toEqual([]);
    expect(await remove(PASSWORD, { code: authenticator.show() })).toMatchObject({ status: 409 });
    const actions = (await scene.auditOf(tenantId)).map(({ action }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(['second_factor.recovery_codes_replaced', 'second_factor.removed']),
    );
    expect((await scene.mailbox.receive(email, 3)).subject).toContain('was removed');
  });
});
