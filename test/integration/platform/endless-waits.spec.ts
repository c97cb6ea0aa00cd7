import pg from 'pg';
import { DispatcherDatabase, TenantDatabase } from '../../../src/platform/database/index.js';
import { isPassingFailure } from '../../../src/platform/http/passing-failure.rules.js';
import { asTenantId } from '../../../src/platform/identity/index.js';
import { waitUntil } from '../../harness/wait.js';
import { AccountScene } from '../auth/account-scene.js';
import { PASSWORD } from '../../harness/accounts.js';

const NOBODY = asTenantId('00000000-0000-7000-8000-000000000000');
const LIMITS = `SELECT current_setting('lock_timeout') AS lock, current_setting('idle_in_transaction_session_timeout') AS idle`;

/** What two connections of one process wait for, PostgreSQL can't see. */
describe('nobody waits for ever', () => {
  let scene: AccountScene;
  let tenants: TenantDatabase;
  let dispatcher: DispatcherDatabase;
  beforeAll(async () => {
    scene = await AccountScene.open();
    tenants = scene.application.app.get(TenantDatabase, { strict: false });
    dispatcher = scene.application.app.get(DispatcherDatabase, { strict: false });
  });
  afterAll(() => scene.end());

  const countWaiting = async () => {
    const [row] = await scene.look<{ count: number }>(
      `SELECT count(DISTINCT pid)::int AS count FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE NOT granted AND datname = current_database()`,
    );
    return row?.count ?? 0;
  };

  it('when a password is changed while one of the sessions that it ends is ended', async () => {
    const { client, email, tenantId } = await scene.signUp();
    const other = await scene.openSession(email);
    const { sessionId } = (await other.get<{ sessionId: string }>('/auth/me')).body;
    const holder = new pg.Client({ connectionString: scene.application.database.urls.dispatcher });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE', [sessionId]);
      const ending = client.delete(`/auth/sessions/${sessionId}`);
      await waitUntil(async () => (await countWaiting()) === 1);
      const changing = client.post('/auth/change-password', {
        currentPassword: PASSWORD,
        newPassword: 'battery staple correct',
      });
      await waitUntil(async () => (await countWaiting()) === 2);
      await holder.query('COMMIT');
      const answers = await Promise.all([ending, changing]);
      expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    } finally {
      await holder.end();
    }
    expect((await scene.auditOf(tenantId)).map(({ action }) => action).slice(2)).toEqual([
      'session.ended',
      'password.changed',
    ]);
  });

  it.each([
    ['a cancelled statement', 'pg_cancel_backend'],
    ['a broken connection', 'pg_terminate_backend'],
  ])('for the answer to a request that met %s', async (_, end) => {
    const { client, userId } = await scene.signUp();
    const holder = new pg.Client({ connectionString: scene.application.database.urls.dispatcher });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [userId]);
      const ending = client.post('/auth/sessions/end-others');
      await waitUntil(async () => (await countWaiting()) === 1);
      await scene.look(
        `SELECT ${end}(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      const answer = await ending;
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(answer.headers.get('retry-after')).toBe('5');
    } finally {
      await holder.end();
    }
    expect((await client.post('/auth/sessions/end-others')).status).toBe(204);
  });

  it('for a place in the pool or a lock, and both are known to pass', async () => {
    const { userId } = await scene.signUp();
    const connectionString = scene.application.database.urls.dispatcher;
    const pool = new pg.Pool({ connectionString, max: 1, connectionTimeoutMillis: 50 });
    const waiting = new pg.Client({ connectionString, options: '-c lock_timeout=50ms' });
    await waiting.connect();
    const holder = await pool.connect();
    try {
      const noPlace: unknown = await pool.query('SELECT 1').catch((error: unknown) => error);
      expect(isPassingFailure(noPlace)).toBe(true);
      await holder.query('BEGIN');
      await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [userId]);
      const update = 'UPDATE users SET name = name WHERE id = $1';
      const noLock: unknown = await waiting.query(update, [userId]).catch((error: unknown) => error);
      expect(noLock).toMatchObject({ code: '55P03' });
      expect(isPassingFailure(noLock)).toBe(true);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
      await Promise.all([pool.end(), waiting.end()]);
    }
  });

  it('since no transaction of one login waits for one of the other', async () => {
    const inTenant = tenants.run(NOBODY, () => dispatcher.transaction(() => Promise.resolve()));
    await expect(inTenant).rejects.toThrow(/must not wait/);
    const inDispatcher = dispatcher.transaction(() => tenants.run(NOBODY, () => Promise.resolve()));
    await expect(inDispatcher).rejects.toThrow(/must not wait/);
  });

  it('since every connection gives up', async () => {
    const limits = [{ lock: '30s', idle: '1min' }];
    expect(await tenants.run(NOBODY, (manager) => manager.query(LIMITS))).toEqual(limits);
    expect(await dispatcher.query(LIMITS)).toEqual(limits);
    expect(await dispatcher.queryByKey(LIMITS, [])).toEqual(limits);
  });
});
