import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { RedisRequestCounts } from '../../../src/platform/request-counts/index.js';
import { signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { type Answer, ApiClient } from '../../harness/client.js';
import { appointOperator } from '../../harness/operators.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { waitUntil } from '../../harness/wait.js';

jest.setTimeout(60_000);

const LIMIT = 12;
const ANONYMOUS_LIMIT = 20;
const redisUrl = process.env['TEST_REDIS_URL'];
if (redisUrl === undefined) console.log('The Redis part does not run: TEST_REDIS_URL is not set.');
const places: { name: string; url?: string }[] = [
  { name: 'PostgreSQL' },
  ...(redisUrl === undefined ? [] : [{ name: 'Redis', url: redisUrl }]),
];

describe.each(places)('rate limits on $name', ({ url }) => {
  let database: TestDatabase;
  let one: TestApplication;
  let other: TestApplication;
  let environment: Record<string, string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    environment = {
      ARAUTO_ROLES: 'api',
      API_REQUESTS_PER_MINUTE: String(LIMIT),
      API_ANONYMOUS_REQUESTS_PER_MINUTE: String(ANONYMOUS_LIMIT),
      // Each test is a network of its own behind one proxy.
      TRUST_PROXY_HOPS: '1',
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      SESSION_KEY: randomBytes(32).toString('base64'),
      QUEUE_PREFIX: `test-${randomBytes(6).toString('hex')}`,
      ...(url !== undefined && { QUEUE_URL: url }),
    };
    one = await startTestApplication(environment, { database });
    other = await startTestApplication(environment, { database });
  });
  afterAll(async () => {
    await one.close();
    await other.close();
    await database.drop();
  });

  let networks = 0;
  const newNetwork = () => ({ 'x-forwarded-for': `203.0.113.${(networks += 1)}` });
  const asTwoProcesses = (token?: string) => [new ApiClient(one.url, token), new ApiClient(other.url, token)];
  const limitsOf = ({ headers }: Answer) =>
    ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`ratelimit-${name}`) ?? 'NaN'));

  it('are shared by processes', async () => {
    const { accessToken } = await signUpTenant(one.url);
    const clients = asTwoProcesses(accessToken);
    const statuses: number[] = [];
    let last: Answer | undefined;
    for (let n = 0; n < LIMIT + 4; n++) {
      const answer = await clients[n % 2]!.get('/tenant');
      statuses.push(answer.status);
      if (n === LIMIT - 1) last = answer;
    }
    expect(statuses).toEqual([...Array<number>(LIMIT).fill(200), 429, 429, 429, 429]);
    expect(limitsOf(last!).slice(0, 2)).toEqual([LIMIT, 0]);
  });

  it('are exact near their end, however many ask at the same moment', async () => {
    const { accessToken } = await signUpTenant(one.url);
    const clients = asTwoProcesses(accessToken);
    const used = LIMIT / 2 + 2;
    for (let n = 0; n < used; n++) await clients[n % 2]!.get('/tenant');
    const answers = await Promise.all(
      Array.from({ length: 2 * LIMIT }, (_, n) => clients[n % 2]!.get('/tenant')),
    );
    const passed = answers.filter(({ status }) => status === 200);
    const left = passed.map((answer) => Number(limitsOf(answer)[1])).sort((a, b) => a - b);
    expect(left).toEqual(Array.from({ length: LIMIT - used }, (_, n) => n));
    const refused = answers.filter(({ status }) => status !== 200);
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_requests', status: 429 } });
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      const [limit, left, reset] = limitsOf(answer);
      expect([limit, left]).toEqual([LIMIT, 0]);
      expect(reset).toBe(Number(answer.headers.get('retry-after')));
      expect(reset).toBeGreaterThan(0);
      expect(reset).toBeLessThanOrEqual(60);
    }
  });

  it('are the same where they are so high that requests are counted together', async () => {
    const high = { ...environment, API_REQUESTS_PER_MINUTE: '200' };
    const [first, second] = [
      await startTestApplication(high, { database }),
      await startTestApplication(high, { database }),
    ];
    try {
      const { client, accessToken } = await signUpTenant(first.url);
      for (let n = 1; n <= 60; n++) expect(limitsOf(await client.get('/tenant'))[1]).toBe(200 - n);
      const elsewhere = await new ApiClient(second.url, accessToken).get('/tenant');
      expect(limitsOf(elsewhere)[1]).toBe(200 - 61);
    } finally {
      await first.close();
      await second.close();
    }
  });

  it('let through no more than what was under way elsewhere, however many ask of both at once', async () => {
    const limit = 200;
    const high = { ...environment, API_REQUESTS_PER_MINUTE: String(limit) };
    const [first, second] = [
      await startTestApplication(high, { database }),
      await startTestApplication(high, { database }),
    ];
    try {
      const { accessToken } = await signUpTenant(first.url);
      const clients = [first, second].map((process) => new ApiClient(process.url, accessToken));
      const answers = await Promise.all(
        Array.from({ length: limit * 2 }, (_, n) => clients[n % 2]!.get('/tenant')),
      );
      const passed = answers.filter(({ status }) => status === 200).length;
      expect(passed).toBeGreaterThanOrEqual(limit);
      // Far below the limit the other process counts its own for a moment: up to half of the limit, less 50.
      expect(passed).toBeLessThanOrEqual(limit + limit / 2 - 50);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(limit * 2 - passed);
    } finally {
      await first.close();
      await second.close();
    }
  });

  it('are of each person and each key by itself', async () => {
    const [ana, bia] = [await signUpTenant(one.url), await signUpTenant(one.url)];
    const { body } = await ana.client.post<{ key: string }>('/api-keys', {
      name: 'Booking',
      scopes: ['tenant:read'],
    });
    for (let n = 0; n < LIMIT; n++) await ana.client.get('/tenant');
    expect((await ana.client.get('/tenant')).status).toBe(429);
    expect((await bia.client.get('/tenant')).status).toBe(200);
    const program = new ApiClient(other.url, body.key);
    const answer = await program.get('/tenant');
    expect(answer.status).toBe(200);
    expect(limitsOf(answer).slice(0, 2)).toEqual([LIMIT, LIMIT - 1]);
  });

  it('are of a network for strangers, whatever they guess, and not for who signed in there', async () => {
    const { accessToken } = await signUpTenant(one.url);
    const network = newNetwork();
    const guesses = [undefined, 'x', `arauto_${'0'.repeat(32)}_${'x'.repeat(43)}`, `${accessToken}x`];
    const statuses: number[] = [];
    for (let n = 0; n < ANONYMOUS_LIMIT + 4; n++) {
      const client = asTwoProcesses(guesses[n % guesses.length])[n % 2]!;
      statuses.push((await client.send('GET', '/tenant', undefined, network)).status);
    }
    expect(statuses.slice(0, ANONYMOUS_LIMIT)).toEqual(Array<number>(ANONYMOUS_LIMIT).fill(401));
    expect(statuses.slice(ANONYMOUS_LIMIT)).toEqual([429, 429, 429, 429]);
    const [anonymous, signedIn] = [new ApiClient(one.url), new ApiClient(one.url, accessToken)];
    const token = 'i'.repeat(43);
    expect((await anonymous.post('/invitations/preview', { token }, network)).status).toBe(429);
    expect((await signedIn.send('GET', '/tenant', undefined, network)).status).toBe(200);
    expect((await anonymous.post('/invitations/preview', { token }, newNetwork())).status).toBe(404);
  });

  it('leave probes and the webhooks of bots alone', async () => {
    const network = newNetwork();
    for (let n = 0; n < ANONYMOUS_LIMIT + 2; n++) {
      const probe = await fetch(`${one.url}/health/live`, { headers: network });
      expect([probe.status, probe.headers.get('ratelimit-limit')]).toEqual([200, null]);
      const hook = await fetch(`${one.url}/telegram/webhook/nobody`, {
        method: 'POST',
        headers: { ...network, 'content-type': 'application/json' },
        body: '{}',
      });
      expect([hook.status, hook.headers.get('ratelimit-limit')]).toEqual([404, null]);
    }
  });
});

describe("the rate limit of a tenant's plan", () => {
  it('is of all its people and programs together, and of nobody else', async () => {
    const environment = { ARAUTO_ROLES: 'api', API_REQUESTS_PER_MINUTE: '100' };
    const application = await startTestApplication({
      ...environment,
      API_ANONYMOUS_REQUESTS_PER_MINUTE: '40',
    });
    try {
      const [ana, bia] = [await signUpTenant(application.url), await signUpTenant(application.url)];
      const { body: made } = await ana.client.post<{ key: string }>('/api-keys', {
        name: 'Booking',
        scopes: ['tenant:read'],
      });
      const program = new ApiClient(application.url, made.key);
      const operator = await appointOperator(application);
      const plan = await operator.client.post<{ id: string }>('/operator/plans', {
        name: 'small',
        limits: { apiRequestsPerMinute: 5 },
      });
      const path = `/operator/tenants/${ana.tenantId}/plan`;
      expect((await operator.client.put(path, { planId: plan.body.id })).status).toBe(200);

      const limitOf = ({ headers }: Answer) =>
        ['limit', 'remaining'].map((name) => headers.get(`ratelimit-${name}`));
      for (let n = 1; n <= 5; n++) {
        const answer = await [ana.client, program][n % 2]!.get('/tenant');
        expect([answer.status, ...limitOf(answer)]).toEqual([200, '5', String(5 - n)]);
      }
      for (const client of [ana.client, program]) {
        const refused = await client.get('/tenant');
        expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
        expect(refused.body['detail']).toContain('"small"');
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect((await bia.client.get('/tenant')).status).toBe(200);

      // Operators are no strangers, and their looks into a tenant are their own requests.
      expect(limitOf(await operator.client.get('/operator/plans'))).toEqual(['100', '97']);
      const access = await operator.client.post<{ accessToken: string }>(
        `/operator/tenants/${ana.tenantId}/support-accesses`,
        { reason: 'They asked why a broadcast waits', minutes: 15 },
      );
      expect(access.status).toBe(201);
      const look = await new ApiClient(application.url, access.body.accessToken).get('/tenant');
      expect([look.status, ...limitOf(look)]).toEqual([200, '100', '95']);
    } finally {
      await application.close();
    }
  });
});

describe('a window of a rate limit', () => {
  it('begins anew when it is over', async () => {
    const application = await startTestApplication({ ARAUTO_ROLES: 'api', API_REQUESTS_PER_MINUTE: '2' });
    const dispatcher = new pg.Client({ connectionString: application.database.urls.dispatcher });
    await dispatcher.connect();
    try {
      const { client } = await signUpTenant(application.url);
      await client.get('/tenant');
      await dispatcher.query(`UPDATE request_counts SET window_ends_at = now() + interval '1 second'`);
      expect((await client.get('/tenant')).status).toBe(200);
      expect((await client.get('/tenant')).status).toBe(429);
      await waitUntil(async () => (await client.get('/tenant')).status === 200);
    } finally {
      await dispatcher.end();
      await application.close();
    }
  });
});

describe('rate limits that nobody can count', () => {
  it('let requests pass, and limit again once they can be counted', async () => {
    const application = await startTestApplication({ ARAUTO_ROLES: 'api', API_REQUESTS_PER_MINUTE: '3' });
    const owner = new pg.Client({ connectionString: application.database.urls.owner });
    await owner.connect();
    try {
      const { client } = await signUpTenant(application.url);
      await owner.query('REVOKE ALL ON request_counts FROM arauto_dispatcher');
      for (let n = 0; n < 10; n++) expect((await client.get('/tenant')).status).toBe(200);
      await owner.query('GRANT SELECT, INSERT, UPDATE ON request_counts TO arauto_dispatcher');
      await waitUntil(async () => (await client.get('/tenant')).status === 429);
    } finally {
      await owner.end();
      await application.close();
    }
  });

  it.each(['that nobody runs', 'that says nothing'])('learn soon of a Redis %s', async (what) => {
    const { server, sockets, port } = await listenSilently();
    if (what === 'that nobody runs') server.close();
    const counts = new RedisRequestCounts(`redis://127.0.0.1:${port}`, 'test');
    try {
      const startedMs = performance.now();
      await counts.onModuleInit();
      await expect(counts.count('key', 60, 1)).rejects.toThrow();
      expect(performance.now() - startedMs).toBeLessThan(5_000);
    } finally {
      counts.onApplicationShutdown();
      sockets.forEach((socket) => socket.destroy());
      server.close();
    }
  });
});

/** A server that takes connections and never says a word. */
async function listenSilently(): Promise<{ server: Server; sockets: Set<Socket>; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, sockets, port: (server.address() as AddressInfo).port };
}
