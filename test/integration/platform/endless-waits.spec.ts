import pg from 'pg';
import { DispatcherDatabase, TenantDatabase } from '../../../src/platform/database/index.js';
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
