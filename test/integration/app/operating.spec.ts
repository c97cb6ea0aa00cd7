import { signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { sendRaw } from '../security/hostile-scene.js';
import { appointOperator, type SignedInOperator } from '../../harness/operators.js';

describe('the installation as operators see it', () => {
  let application: TestApplication;
  let operator: SignedInOperator;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api,scheduler,worker,poller' });
    operator = await appointOperator(application);
  });
  afterAll(() => application.close());

  it('tells how it is: database, clocks, tenants, lanes, backlog', async () => {
    await signUpTenant(application.url);
    const health = await operator.client.get('/operator/health');
    expect(health).toMatchObject({
      status: 200,
      body: {
        database: { version: expect.stringMatching(/^\d+/) as string },
        clocks: { databaseAheadSeconds: 0, holding: [] },
        tenants: { active: 1, suspended: 0 },
        lanes: { driven: 0, orphaned: 0 },
        backlog: {
          broadcasts: 0,
          deliveries: 0,
          updates: 0,
          oldestBroadcastDueAt: null,
          oldestUpdateAt: null,
        },
      },
    });
  });

  it('tells how full the queues are', async () => {
    const { status, body } = await operator.client.get<{ items: object[] }>('/operator/queues');
    expect(status).toBe(200);
    const count = expect.any(Number) as number;
    expect(body.items).toEqual(
      ['lanes', 'plans', 'inbox'].map((name) => ({
        name,
        waiting: count,
        active: count,
        delayed: count,
        failed: count,
      })),
    );
  });

  describe('on the board of the queues', () => {
    const board = (path: string, cookie = '', method = 'GET', accept = '*/*') =>
      sendRaw(application.url, method, `/operator/queues${path}`, { headers: { cookie, accept } });
    async function openBoard(): Promise<string> {
      const { headers } = await operator.client.post('/operator/browser-access');
      return (headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    }

    it('is a page with every queue, and nothing of anybody else’s', async () => {
      const cookie = await openBoard();
      const page = await board('', cookie);
      expect(page.status).toBe(200);
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'self'");
      expect(policy).not.toContain('script-src');
      const [, base = ''] = /<base href="([^"]+)"/.exec(page.text) ?? [];
      const scripts = [...page.text.matchAll(/<script[^>]*src="([^"]+)"/g)].map(([, source]) => source ?? '');
      expect(scripts.length).toBeGreaterThan(0);
      for (const source of scripts) {
        const { pathname } = new URL(source, new URL(base, application.url));
        expect((await sendRaw(application.url, 'GET', pathname, { headers: { cookie } })).status).toBe(200);
      }
      const queues = await board('/api/queues', cookie);
      expect(queues.status).toBe(200);
      const { queues: shown } = JSON.parse(queues.text) as {
        queues: { name: string; readOnlyMode: boolean }[];
      };
      expect(shown.map(({ name, readOnlyMode }) => [name, readOnlyMode])).toEqual([
        ['lanes', true],
        ['plans', true],
        ['inbox', true],
      ]);
      expect((await board('/queue/lanes', cookie)).status).toBe(200);
    });

    it.each(['', '/', '/api/queues', '/queue/lanes', '/static/favicon.ico'])(
      'shows nobody else %j',
      async (path) => {
        const { client, accessToken } = await signUpTenant(application.url);
        const { headers } = await client.post('/documentation-access');
        const ofMember = (headers.get('set-cookie') ?? '').split(';')[0] ?? '';
        for (const cookie of ['', ofMember, `__Host-arauto-operator=${accessToken}`]) {
          const answer = await board(path, cookie);
          expect(answer.status).toBe(401);
          expect(answer.headers.get('content-type')).toContain('application/problem+json');
        }
        const page = await board(path, '', 'GET', 'text/html');
        expect(page.status).toBe(401);
        expect(page.text).toContain('Sign in');
      },
    );

    it('changes nothing', async () => {
      const cookie = await openBoard();
      for (const path of [
        '/api/queues/lanes/pause',
        '/api/queues/lanes/clean/completed',
        '/api/queues/lanes/empty',
      ]) {
        expect((await board(path, cookie, 'PUT')).status).toBe(403);
      }
      const { queues } = JSON.parse((await board('/api/queues', cookie)).text) as {
        queues: { isPaused: boolean }[];
      };
      expect(queues.map(({ isPaused }) => isPaused)).toEqual([false, false, false]);
    });
  });
});
