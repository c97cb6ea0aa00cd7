import { Logger } from '@nestjs/common';
import pg from 'pg';
import { CutLongWaits } from '../../../src/delivery/cut-long-waits.handler.js';
import { type ClockWatch } from '../../../src/platform/clock-watch/index.js';
import { DispatcherDatabase } from '../../../src/platform/database/index.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { waitUntil } from '../../harness/wait.js';

const TENANT = '00000000-0000-4000-8000-0000000000ab';
const MONTH_MS = 30 * 86_400_000;

/** Says once that it cannot be reached. */
class FaultyDatabase extends DispatcherDatabase {
  failures = 0;

  override query<Row extends pg.QueryResultRow>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<Row[]> {
    if (this.failures === 0) return super.query<Row>(sql, parameters);
    this.failures -= 1;
    return Promise.reject(new Error('the database is away'));
  }
}

describe('what waits for longer since the clock of the database was set back', () => {
  let server: TestDatabase;
  let superuser: pg.Client;
  let pool: pg.Pool;
  let database: FaultyDatabase;
  let handler: CutLongWaits;
  let setBack: (ms: number) => void;

  beforeAll(async () => {
    server = await createTestDatabase();
    superuser = new pg.Client({ connectionString: server.urls.superuser });
    await superuser.connect();
    pool = new pg.Pool({ connectionString: server.urls.dispatcher });
    database = new FaultyDatabase(pool);
    handler = new CutLongWaits(database, {
      onDatabaseSetBack: (listener: (ms: number) => void) => (setBack = listener),
    } as unknown as ClockWatch);
    handler.onApplicationBootstrap();
    await superuser.query(`INSERT INTO tenants (id, name) VALUES ('${TENANT}', 'T')`);
    const { rows } = await superuser.query<{ id: string; no: string }>(
      `INSERT INTO bots (tenant_id, environment, api_root, telegram_id, name, first_name, token_key_version, token_fingerprint, webhook_path)
       VALUES ('${TENANT}', 'sandbox', 'sandbox', 1, 'Bot', 'Bot', 1, '\\x00', 'p') RETURNING id, no`,
    );
    const [bot] = rows;
    await superuser.query(
      `INSERT INTO lane_owners (until) VALUES (now() + interval '1 month'), (now() + interval '1 second')`,
    );
    await superuser.query(
      `INSERT INTO lanes (bot_no, tenant_id, rest_until) VALUES (${bot!.no}, '${TENANT}', now() + interval '1 month')`,
    );
    await superuser.query(
      `INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id, not_before)
       SELECT current_date, 1, 1, n, ${bot!.no}, '${TENANT}', now() + n * interval '1 minute'
       FROM unnest(ARRAY[2, 43200, 50000]) AS n`,
    );
    const message = await superuser.query<{ id: string }>(
      `INSERT INTO messages (tenant_id, content) VALUES ('${TENANT}', '{}') RETURNING id`,
    );
    const broadcast = await superuser.query<{ id: string }>(
      `INSERT INTO broadcasts (tenant_id, message_id, audience, planned_on, state)
       VALUES ('${TENANT}', '${message.rows[0]!.id}', '{}', current_date, 'sending') RETURNING id`,
    );
    await superuser.query(
      `INSERT INTO follow_ups (tenant_id, broadcast_id, kind, look_at)
       VALUES ('${TENANT}', '${broadcast.rows[0]!.id}', 'delete_after', now() + interval '1 month')`,
    );
  });
  afterAll(async () => {
    await handler.onModuleDestroy();
    await superuser.end();
    await pool.end();
    await server.drop();
  });

  const countLong = async (): Promise<number> => {
    const { rows } = await superuser.query<{ count: number }>(
      `SELECT ((SELECT count(*) FROM lane_owners WHERE until > now() + interval '5 minutes')
         + (SELECT count(*) FROM lanes WHERE rest_until > now())
         + (SELECT count(*) FROM deliveries WHERE not_before > now() + interval '5 minutes')
         + (SELECT count(*) FROM follow_ups WHERE look_at > now()))::int AS count`,
    );
    return rows[0]!.count;
  };

  it('is cut short, however often that fails at first, and what waits for little is left as it is', async () => {
    expect(await countLong()).toBe(5);
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    database.failures = 1;
    setBack(MONTH_MS);
    await waitUntil(async () => (await countLong()) === 0, 20_000);
    expect(logged).toHaveBeenCalledTimes(1);
    const { rows } = await superuser.query(
      `SELECT chat_no::int FROM deliveries WHERE not_before > now() + interval '100 seconds'`,
    );
    expect(rows).toEqual([{ chat_no: 2 }]);
  });

  it('does not keep a process from its end', async () => {
    database.failures = Infinity;
    setBack(MONTH_MS);
    await handler.onModuleDestroy();
    expect(database.failures).toBe(Infinity);
  });
});
