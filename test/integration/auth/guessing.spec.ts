import * as argon2 from '@node-rs/argon2';
import { PASSWORD } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
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

describe('behind one proxy', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open({ TRUST_PROXY_HOPS: '1' });
  });
  afterAll(() => scene.end());

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
