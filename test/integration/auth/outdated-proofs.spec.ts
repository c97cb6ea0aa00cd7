import * as argon2 from '@node-rs/argon2';
import pg from 'pg';
import { PASSWORD } from '../../harness/accounts.js';
import { type ApiClient } from '../../harness/client.js';
import { appointOperator } from '../../harness/operators.js';
import { waitUntil } from '../../harness/wait.js';
import { AccountScene, type SessionBody } from './account-scene.js';
import { Authenticator } from './authenticator.js';

jest.mock('@node-rs/argon2', () => {
  const real = jest.requireActual<typeof argon2>('@node-rs/argon2');
  return { ...real, verify: jest.fn(real.verify) };
});
const NEW_PASSWORD = 'battery staple correct';
/** Those who make a family and those who end it find each other at locked rows. */
const COUNT_WAITING = `SELECT count(DISTINCT pid)::int AS count FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE NOT granted AND datname = current_database()`;

/** Holds the next password back between its check, which is real, and what follows. */
function holdNextCheck() {
  const real = jest.requireActual<typeof argon2>('@node-rs/argon2');
  let [noteCheck, release] = [(): void => undefined, (): void => undefined];
  const checked = new Promise<void>((resolve) => (noteCheck = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  jest.mocked(argon2.verify).mockImplementationOnce(async (...given) => {
    const isMatch = await real.verify(...given);
    noteCheck();
    await released;
    return isMatch;
  });
  return { checked, release };
}

describe('what was proven before the account changed', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());

  const countAlive = async (userId: string) =>
    (await scene.look('SELECT FROM sessions WHERE user_id = $1 AND ended_at IS NULL', [userId])).length;
  async function resetPassword(email: string): Promise<void> {
    await scene.anonymous.post('/auth/forgot-password', { email });
    const token = await scene.mailbox.receiveToken(email, (await scene.mailbox.listTo(email)).length + 1);
    const answer = await scene.anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD });
    expect(answer.status).toBe(204);
  }
  async function turnOn(client: ApiClient, userId: string): Promise<Authenticator> {
    await scene.confirmAddressOf(userId);
    const { body } = await client.post<{ secret: string }>('/auth/second-factor/set-up', {
      password: PASSWORD,
    });
    const authenticator = new Authenticator(body.secret);
    const on = await client.post('/auth/second-factor/confirm', { code: authenticator.show() });
    expect(on.status).toBe(200);
    return authenticator;
  }

  interface Person {
    client: ApiClient;
    email: string;
    userId: string;
  }
  const changes: [string, number, (person: Person) => Promise<unknown>][] = [
    ['a reset', 0, ({ email }) => resetPassword(email)],
    [
      'a new password',
      1,
      ({ client }) =>
        client.post('/auth/change-password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }),
    ],
    ['the end of all other sessions', 1, ({ client }) => client.post('/auth/sessions/end-others')],
    ['a second factor', 1, ({ client, userId }) => turnOn(client, userId)],
  ];

  it.each(changes)('opens no session after %s', async (_, sessionsLeft, change) => {
    const person = await scene.signUp();
    await scene.mailbox.receive(person.email);
    const check = holdNextCheck();
    const signingIn = scene.signIn(person.email);
    await check.checked;
    await change(person);
    check.release();
    expect(await signingIn).toMatchObject({ status: 401, body: { code: 'sign_in_outdated' } });
    expect(await countAlive(person.userId)).toBe(sessionsLeft);
  });

  it('begins no second step after a reset, and finishes none', async () => {
    const person = await scene.signUp();
    await scene.mailbox.receive(person.email);
    const authenticator = await turnOn(person.client, person.userId);
    await scene.mailbox.receive(person.email, 2);
    await scene.look('UPDATE second_factors SET last_step = 0 WHERE user_id = $1', [person.userId]);
    const begun = (await scene.signIn(person.email)).body as unknown as { challenge: string };
    await person.client.post('/auth/sessions/end-others');
    const finish = (challenge: string) =>
      scene.anonymous.post('/auth/sign-in/second-factor', { challenge, code: authenticator.show() });
    expect(await finish(begun.challenge)).toMatchObject({ status: 401, body: { code: 'sign_in_outdated' } });

    const check = holdNextCheck();
    const signingIn = scene.signIn(person.email);
    await check.checked;
    await resetPassword(person.email);
    check.release();
    expect(await signingIn).toMatchObject({ status: 401, body: { code: 'sign_in_outdated' } });
    expect(await countAlive(person.userId)).toBe(0);
  });

  it('makes nobody an operator’s session', async () => {
    const { email, userId } = await appointOperator(scene.application);
    const check = holdNextCheck();
    const signingIn = scene.anonymous.post('/operator/sign-in', { email, password: PASSWORD });
    await check.checked;
    await resetPassword(email);
    check.release();
    expect(await signingIn).toMatchObject({ status: 401, body: { code: 'wrong_credentials' } });
    const open = 'SELECT FROM operator_sessions WHERE user_id = $1 AND ended_at IS NULL';
    expect(await scene.look(open, [userId])).toEqual([]);
  });

  it('does not undo a reset', async () => {
    const { client, email } = await scene.signUp();
    await scene.mailbox.receive(email);
    const check = holdNextCheck();
    const changing = client.post('/auth/change-password', {
      currentPassword: PASSWORD,
      newPassword: 'of whoever stole it',
    });
    await check.checked;
    await resetPassword(email);
    check.release();
    expect((await changing).status).toBe(401);
    expect((await scene.signIn(email, NEW_PASSWORD)).status).toBe(200);
  });

  it('opens no session in a tenant that the person left meanwhile', async () => {
    const { email, tenantId, userId } = await scene.signUp();
    const holder = new pg.Client({ connectionString: scene.application.database.urls.dispatcher });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [userId]);
      const signingIn = scene.signIn(email);
      await waitUntil(async () => (await scene.look<{ count: number }>(COUNT_WAITING))[0]?.count === 1);
      await holder.query('DELETE FROM members WHERE tenant_id = $1 AND user_id = $2', [tenantId, userId]);
      await holder.query('COMMIT');
      expect(await signingIn).toMatchObject({ status: 404, body: { code: 'not_found' } });
    } finally {
      await holder.end();
    }
  });

  it.each([
    ['end-others', (other: ApiClient) => other.post('/auth/sessions/end-others')],
    ['a new password', changes[1]![2]],
  ])('leaves nothing of a family that switches tenants during %s', async (what, end) => {
    const [ana, bia] = [await scene.signUp(), await scene.signUp('Bia')];
    await scene.join(ana.userId, bia.tenantId);
    const other = await scene.openSession(ana.email, PASSWORD, { tenantId: ana.tenantId });
    const holder = new pg.Client({ connectionString: scene.application.database.urls.dispatcher });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ana.userId]);
      const countWaiting = async () => (await scene.look<{ count: number }>(COUNT_WAITING))[0]?.count;
      const switching = ana.client.post<SessionBody>('/auth/switch-tenant', { tenantId: bia.tenantId });
      await waitUntil(async () => (await countWaiting()) === 1);
      const ending =
        what === 'end-others'
          ? (end as (client: ApiClient) => Promise<unknown>)(other)
          : (end as (person: Person) => Promise<unknown>)({ ...ana, client: other });
      await waitUntil(async () => (await countWaiting()) === 2);
      await holder.query('COMMIT');
      expect(await ending).toMatchObject({ status: 204 });
      const { body } = await switching;
      if (body.accessToken) expect((await scene.as(body.accessToken).get('/auth/me')).status).toBe(401);
    } finally {
      await holder.end();
    }
    expect(await countAlive(ana.userId)).toBe(1);
    expect((await other.get('/auth/me')).status).toBe(200);
  });
});
