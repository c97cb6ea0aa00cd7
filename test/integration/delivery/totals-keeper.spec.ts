import pg from 'pg';
import { TotalsKeeper } from '../../../src/delivery/totals-keeper.service.js';
import { type ReportRepository } from '../../../src/delivery/report.repository.js';
import { DispatcherDatabase } from '../../../src/platform/database/index.js';
import { type Outbox } from '../../../src/webhooks/index.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';

const TENANT = '019aaaaa-0000-7000-8000-000000000001';

describe('whoever counts the totals of a broadcast', () => {
  let server: TestDatabase;
  let superuser: pg.Client;
  let pool: pg.Pool;
  let announced: unknown[];
  let no: string;

  beforeAll(async () => {
    server = await createTestDatabase();
    superuser = new pg.Client({ connectionString: server.urls.superuser });
    await superuser.connect();
    await superuser.query(`SET lock_timeout = '1s'`);
    pool = new pg.Pool({ connectionString: server.urls.dispatcher });
    await superuser.query(`INSERT INTO tenants (id, name) VALUES ('${TENANT}', 'T')`);
  });
  afterAll(async () => {
    await pool.end();
    await superuser.end();
    await server.drop();
  });
  beforeEach(async () => {
    announced = [];
    const { rows } = await superuser.query<{ no: string }>(
      `WITH message AS (INSERT INTO messages (tenant_id, content) VALUES ($1, '{}') RETURNING id)
       INSERT INTO broadcasts (tenant_id, message_id, audience, planned_on, state, ended_at)
       SELECT $1, id, '{}', current_date, 'finished', now() FROM message RETURNING no::text`,
      [TENANT],
    );
    no = rows[0]!.no;
  });

  /** @param count what is counted at the given count, from 1 */
  const keeperThat = (count: (time: number) => Promise<unknown>) => {
    let time = 0;
    const reports = { total: () => count((time += 1)) } as unknown as ReportRepository;
    const outbox = {
      announce: (_: unknown, __: unknown, event: unknown) => Promise.resolve(void announced.push(event)),
    } as unknown as Outbox;
    return new TotalsKeeper(new DispatcherDatabase(pool), reports, outbox);
  };
  const totals = (sent: number) => ({ counts: { byState: { sent } }, statistics: {} });
  const correct = () => superuser.query('UPDATE broadcasts SET are_totals_true = false WHERE no = $1', [no]);
  const read = async () => {
    const { rows } = await superuser.query('SELECT totals, are_totals_true FROM broadcasts WHERE no = $1', [
      no,
    ]);
    return rows[0] as unknown;
  };

  it('keeps no late answer waiting, and counts again for it', async () => {
    const keeper = keeperThat(async (time) => {
      if (time === 1) await correct();
      return totals(time);
    });
    await keeper.keep([no]);
    expect(await read()).toEqual({ totals: totals(2), are_totals_true: true });
    expect(announced).toHaveLength(1);
  });

  it('leaves it to the sweep where answers keep coming, and tells nobody before', async () => {
    await keeperThat(async (time) => {
      await correct();
      return totals(time);
    }).keep([no]);
    expect(await read()).toEqual({ totals: null, are_totals_true: false });
    expect(announced).toEqual([]);
    await keeperThat((time) => Promise.resolve(totals(time))).keepForgotten();
    expect(await read()).toEqual({ totals: totals(1), are_totals_true: true });
    expect(announced).toHaveLength(1);
  });

  it('leaves it to another that counts already', async () => {
    const other = keeperThat(() => Promise.resolve(totals(9)));
    await keeperThat(async () => {
      await other.keep([no]);
      expect(await read()).toEqual({ totals: null, are_totals_true: false });
      return totals(1);
    }).keep([no]);
    expect(await read()).toEqual({ totals: totals(1), are_totals_true: true });
    expect(announced).toHaveLength(1);
  });
});
