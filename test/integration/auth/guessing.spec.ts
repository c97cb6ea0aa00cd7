import * as argon2 from '@node-rs/argon2';
import { PASSWORD } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { appointOperator } from '../../harness/operators.js';
import { waitUntil } from '../../harness/wait.js';
import { AccountScene, tellingParts, unusedEmail } from './account-scene.js';

jest.mock('@node-rs/argon2', () => {
  const real = jest.requireActual<typeof argon2>('@node-rs/argon2');
  return { ...real, hash: jest.fn(real.hash), verify: jest.fn(real.verify) };
});
const hash = jest.mocked(argon2.hash);
const verify = jest.mocked(argon2.verify);

describe('guessing', () => {
  let scene: AccountScene;
  let second: TestApplication;
  beforeAll(async () => {
    const SESSION_KEY = Buffer.alloc(32, 5).toString('base64');
    scene = await AccountScene.open({ SESSION_KEY });
    second = await startTestApplication(
      { ARAUTO_ROLES: 'api', SESSION_KEY },
      { database: scene.application.database },
    );
  });
  afterAll(async () => {
    await second.close();
    await scene.end();
  });
  beforeEach(() => scene.look('DELETE FROM guess_counts'));

  const signIn = (email: string, password = 'wrong horse battery', headers: Record<string, string> = {}) =>
    scene.anonymous.post('/auth/sign-in', { email, password }, headers);

  it('costs and tells the same for people who are there and people who are not', async () => {
    const { email } = await scene.signUp();
    const work = async (to: string) => {
      hash.mockClear();
      verify.mockClear();
      const answer = await signIn(to);
      const costs = verify.mock.calls.map(([stored]) => String(stored).split('$').slice(0, 4).join('$'));
      return { answer: tellingParts(answer), hashes: hash.mock.calls.length, costs };
    };
    const known = await work(email);
    expect(known.costs).toHaveLength(1);
    expect(await work(unusedEmail())).toEqual(known);
  });

  it('lets right and wrong attempts at the same time wait for each other, and not in a circle', async () => {
    const { email } = await scene.signUp();
    const right = Array.from({ length: 24 }, () => signIn(email, PASSWORD));
    const wrong = Array.from({ length: 8 }, () => signIn(email));
    const statuses = (await Promise.all([...right, ...wrong])).map(({ status }) => status);
    expect(statuses.filter((status) => ![200, 401, 429].includes(status))).toEqual([]);
  });

  it('is counted by all processes together', async () => {
    const { email } = await scene.signUp();
    const elsewhere = new ApiClient(second.url);
    const attempts = Array.from({ length: 14 }, (_, n) =>
      n % 2 ? signIn(email) : elsewhere.post('/auth/sign-in', { email, password: 'wrong horse battery' }),
    );
    const statuses = (await Promise.all(attempts)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(4);
    expect((await elsewhere.post('/auth/sign-in', { email, password: PASSWORD })).status).toBe(429);
    expect((await signIn(email.toUpperCase(), PASSWORD)).status).toBe(429);
  });

  it('waits longer each time, and may go on when the wait is over', async () => {
    const { email } = await scene.signUp();
    const letWaitsEnd = () => scene.look('UPDATE guess_counts SET blocked_until = now()');
    for (let n = 0; n < 10; n += 1) await signIn(email);
    const waits: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      waits.push(Number((await signIn(email)).headers.get('retry-after')));
      await letWaitsEnd();
      expect((await signIn(email)).status).toBe(401);
    }
    expect(waits.map((seconds) => Math.ceil(seconds / 30) * 30)).toEqual([30, 60, 120]);
    await letWaitsEnd();
    expect((await signIn(email, PASSWORD)).status).toBe(200);
    const statuses = [];
    for (let n = 0; n < 9; n += 1) statuses.push((await signIn(email)).status);
    expect(new Set(statuses)).toEqual(new Set([401]));
  });

  it('is forgotten after a while', async () => {
    const { email } = await scene.signUp();
    for (let n = 0; n < 10; n += 1) await signIn(email);
    expect((await signIn(email)).status).toBe(429);
    await scene.look('UPDATE guess_counts SET forgotten_at = now()');
    expect((await signIn(email, PASSWORD)).status).toBe(200);
    expect(await scene.look(`SELECT key FROM guess_counts WHERE forgotten_at <= now()`)).toEqual([]);
  });

  it('gains nothing from addresses that a caller makes up', async () => {
    const answers = [];
    for (let n = 0; n < 60; n += 1) {
      answers.push(
        await signIn(unusedEmail(), undefined, {
          'x-forwarded-for': `203.0.113.${n}`,
          forwarded: `for=203.0.113.${n}`,
          'x-real-ip': `203.0.113.${n}`,
        }),
      );
    }
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(50);
    expect(statuses.slice(50)).toEqual(Array<number>(10).fill(429));
    const networks = await scene.look(`SELECT key FROM guess_counts WHERE key LIKE 'network/%'`);
    expect(networks).toEqual([{ key: 'network/127.0.0.1' }]);
  });
});

describe('signing up', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());
  beforeEach(() => scene.look('DELETE FROM guess_counts'));

  const signUp = (email: string) =>
    scene.anonymous.post('/auth/sign-up', { email, password: PASSWORD, name: 'Ana', tenantName: 'Acme' });

  it('costs the same for a known address, and tells of a few of them alone', async () => {
    const { email } = await scene.signUp();
    const hashesOf = async (address: string) => {
      hash.mockClear();
      verify.mockClear();
      await signUp(address);
      return hash.mock.calls.length + verify.mock.calls.length;
    };
    expect([await hashesOf(email), await hashesOf(unusedEmail())]).toEqual([1, 1]);
    const statuses = [];
    for (let n = 0; n < 12; n += 1) statuses.push((await signUp(email)).status);
    expect(statuses.filter((status) => status === 409)).toHaveLength(9);
    // From then on a known and an unknown address get the same.
    const answers = [await signUp(email), await signUp(unusedEmail())];
    expect(answers.map(({ status }) => status)).toEqual([429, 429]);
    expect(Number(answers[0]?.headers.get('retry-after'))).toBeGreaterThan(30);
    // Who has an account gets in meanwhile.
    expect((await scene.signIn(email)).status).toBe(200);
  });

  it('is counted also where it succeeds', async () => {
    expect((await signUp(unusedEmail())).status).toBe(201);
    await scene.look(`UPDATE guess_counts SET count = 99 WHERE key LIKE 'sign_ups/%'`);
    expect((await signUp(unusedEmail())).status).toBe(201);
    expect(await signUp(unusedEmail())).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  });
});

describe('behind one proxy', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open({ TRUST_PROXY_HOPS: '1' });
  });
  afterAll(() => scene.end());
  beforeEach(() => scene.look('DELETE FROM guess_counts'));

  const from = (address: string) => ({ 'x-forwarded-for': address });
  const signInFrom = (address: string, email: string, password: string) =>
    scene.anonymous.post('/auth/sign-in', { email, password }, from(address));

  it.each([
    ['members', '/auth/sign-in'],
    ['operators', '/operator/sign-in'],
  ])('keeps nobody out of their account who guesses at it from elsewhere: %s', async (who, path) => {
    const { email } =
      who === 'members' ? await scene.signUp() : await appointOperator(scene.application, unusedEmail());
    const tryFrom = async (address: string, password: string) =>
      (await scene.anonymous.post(path, { email, password }, from(address))).status;
    for (let n = 0; n < 10; n += 1) expect(await tryFrom('203.0.113.1', 'wrong horse battery')).toBe(401);
    expect(await tryFrom('203.0.113.1', PASSWORD)).toBe(429);
    expect(await tryFrom('198.51.100.7', PASSWORD)).toBe(200);
  });

  it('holds up all strangers together, but neither who was let in from there before nor who resets the password', async () => {
    const { email } = await scene.signUp();
    expect((await signInFrom('198.51.100.7', email, PASSWORD)).status).toBe(200);
    for (let n = 0; n < 100; n += 1)
      expect((await signInFrom(`203.0.113.${n}`, email, 'wrong horse battery')).status).toBe(401);
    const stranger = await signInFrom('203.0.113.200', email, PASSWORD);
    expect(stranger).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect((await signInFrom('198.51.100.7', email, PASSWORD)).status).toBe(200);
    // What the person does takes nothing of the strangers' back.
    await scene.look(`UPDATE guess_counts SET blocked_until = now() + interval '5 minutes'
      WHERE key LIKE 'account/password/%' AND count >= 100`);
    expect((await signInFrom('198.51.100.7', email, PASSWORD)).status).toBe(200);
    expect((await signInFrom('203.0.113.201', email, PASSWORD)).status).toBe(429);

    const telephone = '198.51.100.99';
    expect((await signInFrom(telephone, email, PASSWORD)).status).toBe(429);
    await scene.anonymous.post('/auth/forgot-password', { email }, from(telephone));
    const token = await scene.mailbox.receiveToken(email, 2);
    const password = 'battery staple correct';
    await scene.anonymous.post('/auth/reset-password', { token, password }, from(telephone));
    expect((await signInFrom(telephone, email, password)).status).toBe(200);
  });

  it('sends few mails to one address, whoever asks', async () => {
    const { email } = await scene.signUp();
    for (let n = 0; n < 6; n += 1) {
      const answer = await scene.anonymous.post('/auth/forgot-password', { email }, from(`203.0.113.${n}`));
      expect(answer.status).toBe(202);
    }
    const hits = `SELECT FROM request_counts WHERE key LIKE 'mail/hour/%' AND hits = 7`;
    await waitUntil(async () => (await scene.look(hits)).length === 1);
    const token = await scene.mailbox.receiveToken(email, 5);
    expect(await scene.mailbox.listTo(email)).toHaveLength(5);
    // What warns somebody is not held up by what strangers asked for.
    const password = 'battery staple correct';
    expect((await scene.anonymous.post('/auth/reset-password', { token, password })).status).toBe(204);
    expect((await scene.mailbox.receive(email, 6)).subject).toBe('Your password was changed');
  });

  it('counts the address that the proxy saw, and not those that its caller claims', async () => {
    for (const claimed of ['198.51.100.1', '198.51.100.2']) {
      await scene.anonymous.post(
        '/auth/sign-in',
        { email: unusedEmail(), password: PASSWORD },
        { 'x-forwarded-for': `${claimed}, 2001:db8:1:2:${claimed === '198.51.100.1' ? 'a' : 'b'}::9` },
      );
    }
    const networks = await scene.look(`SELECT key, count FROM guess_counts WHERE key LIKE 'network/%'`);
    expect(networks).toEqual([{ key: 'network/2001:db8:1:2::/64', count: 2 }]);
  });
});
