import { Client } from 'pg';
import { type SceneBot, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(60_000);

/** Of each kind one row that is old and goes, and others that look like it and stay; all found again by `mark`. */
describe('what is old', () => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    await scene.start('api');
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
    // Foreign keys are off for planting: a row's age is all that matters here.
    await scene.look('SET session_replication_role = replica');
    await scene.look(`SET my.tenant = '${(await owner()).tenant_id}'`);
    await scene.look(`SET my.bot = '${(await owner()).no}'`);
  });
  afterAll(() => scene.end());

  const owner = async () => {
    const [row] = await scene.look<{ tenant_id: string; no: string }>(
      'SELECT tenant_id, no FROM bots WHERE id = $1',
      [bot.id],
    );
    return row!;
  };
  const plant = (table: string, columns: string, rows: string) =>
    scene.look(
      `INSERT INTO ${table} (tenant_id, ${columns})
       SELECT current_setting('my.tenant')::uuid, row.* FROM (VALUES ${rows}) AS row`,
    );
  const left = async (table: string, mark: string) => {
    const rows = await scene.look<{ mark: string }>(`SELECT ${mark} AS mark FROM ${table}`);
    return rows.map((row) => row.mark).sort();
  };

  it('goes once a scheduler runs, and nothing else does', async () => {
    const ago = (time: string) => `now() - interval '${time}'`;
    const uuid = (n: number) => `'00000000-0000-7000-8000-00000000000${n}'::uuid`;
    const botNo = `current_setting('my.bot')::bigint`;
    await plant(
      'idempotency_keys',
      'key, fingerprint, response, created_at',
      `('old', ''::bytea, '{}'::jsonb, ${ago('49 hours')}), ('young', '', '{}', ${ago('47 hours')})`,
    );
    await plant(
      'sessions',
      'id, user_id, user_agent, last_seen_at, ended_at',
      `(${uuid(1)}, ${uuid(9)}, 'ended long ago', ${ago('31 days')}, ${ago('31 days')}),
       (${uuid(2)}, ${uuid(9)}, 'ended lately', ${ago('40 days')}, ${ago('29 days')}),
       (${uuid(3)}, ${uuid(9)}, 'forgotten', ${ago('61 days')}, NULL),
       (${uuid(4)}, ${uuid(9)}, 'could be renewed yet', ${ago('29 days')}, NULL)`,
    );
    await plant(
      'refresh_tokens',
      'token_hash, session_id, expires_at',
      `('expired'::bytea, ${uuid(4)}, ${ago('1 minute')}), ('valid', ${uuid(4)}, now() + interval '1 minute')`,
    );
    await plant(
      'updates',
      'bot_no, update_id, chat_key, payload, received_at, settled_at',
      `(${botNo}, 1, 1, '{"mark":"old"}'::jsonb, ${ago('49 hours')}, now()),
       (${botNo}, 2, 1, '{"mark":"never handled"}', ${ago('49 hours')}, NULL),
       (${botNo}, 3, 1, '{"mark":"young"}', ${ago('47 hours')}, now())`,
    );
    await scene.look(
      `INSERT INTO replies (no, tenant_id, bot_no, update_id, n, method, parameters, created_at)
       OVERRIDING SYSTEM VALUE SELECT no, current_setting('my.tenant')::uuid, ${botNo}, no, 0, mark, '{}', at
       FROM (VALUES (901, 'old', ${ago('49 hours')}), (902, 'waits', ${ago('49 hours')}),
         (903, 'young', ${ago('47 hours')})) AS reply (no, mark, at)`,
    );
    await plant(
      'deliveries',
      'planned_on, class, source_no, chat_no, bot_no, state, is_open, not_before',
      `(current_date - 3, 2, 901, 1, ${botNo}, 2, false, 'infinity'::timestamptz),
       (current_date - 3, 2, 902, 1, ${botNo}, 0, true, 'infinity')`,
    );
    await plant(
      'occurrences',
      'schedule_id, due_at, state, reason, created_at',
      `(${uuid(1)}, now(), 'started', 'old', ${ago('91 days')}),
       (${uuid(2)}, now(), 'started', 'young', ${ago('89 days')})`,
    );
    await plant(
      'broadcasts',
      'message_id, audience, planned_on, state, state_reason',
      `(${uuid(1)}, '{}'::jsonb, current_date - 731, 'finished', 'old'),
       (${uuid(1)}, '{}', current_date - 731, 'sending', 'goes on'),
       (${uuid(1)}, '{}', current_date - 731, 'paused', 'held'),
       (${uuid(1)}, '{}', current_date - 729, 'finished', 'young')`,
    );
    // Of a broadcast that still goes on.
    await scene.look(
      `INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id, not_before)
       SELECT planned_on, 1, no, 1, ${botNo}, tenant_id, 'infinity' FROM broadcasts WHERE state_reason IN ('goes on', 'held')`,
    );

    await scene.start('scheduler');
    const expected: [table: string, mark: string, marks: string[]][] = [
      ['idempotency_keys', 'key', ['young']],
      ["sessions WHERE user_agent LIKE '% %'", 'user_agent', ['could be renewed yet', 'ended lately']],
      [
        "refresh_tokens WHERE session_id = '00000000-0000-7000-8000-000000000004'",
        "encode(token_hash, 'escape')",
        ['valid'],
      ],
      ['updates', "payload ->> 'mark'", ['never handled', 'young']],
      ['replies', 'method', ['waits', 'young']],
      ['occurrences', 'reason', ['young']],
      ['broadcasts', 'state_reason', ['goes on', 'held', 'young']],
    ];
    for (const [table, mark, marks] of expected) {
      await waitUntil(async () => (await left(table, mark)).length <= marks.length, 20_000);
      expect(await left(table, mark)).toEqual(marks);
    }
  });

  describe('a day of deliveries', () => {
    const makeDay = async (daysAgo: number): Promise<string> => {
      const [row] = await scene.look<{ name: string; day: string }>(
        `SELECT 'deliveries_' || to_char(day, 'YYYYMMDD') AS name, day::text
         FROM (SELECT current_date - $1::int AS day) AS given`,
        [daysAgo],
      );
      await scene.look(`CREATE TABLE ${row!.name} PARTITION OF deliveries
        FOR VALUES FROM ('${row!.day}') TO ('${row!.day}'::date + 1)`);
      await scene.look(`ALTER TABLE ${row!.name} OWNER TO arauto_owner`);
      return row!.name;
    };
    const isThere = async (name: string) => {
      const [row] = await scene.look<{ is: boolean }>('SELECT to_regclass($1) IS NOT NULL AS is', [name]);
      return row!.is;
    };
    const drop = async (login: 'app' | 'dispatcher', daysAgo: number) => {
      const client = new Client({ connectionString: scene.database.urls[login] });
      await client.connect();
      try {
        const { rows } = await client.query<{ is: boolean }>(
          'SELECT drop_delivery_partition(current_date - $1::int) AS is',
          [daysAgo],
        );
        return rows[0]!.is;
      } finally {
        await client.end();
      }
    };

    it('is dropped after 90 days, unless something of it is unfinished, and leaves the totals', async () => {
      const [young, finished, unfinished] = [await makeDay(90), await makeDay(95), await makeDay(96)];
      await scene.look(
        `WITH told AS (
           INSERT INTO broadcasts (tenant_id, message_id, audience, planned_on, state, state_reason, planned, ended_at)
           SELECT current_setting('my.tenant')::uuid, uuidv7(), '{"to":"everybody"}', current_date - 95, 'finished', 'told',
             1, now() RETURNING *)
         INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id, state, is_open)
         SELECT planned_on, 1, no, 5, 1, tenant_id, 2, false FROM told`,
      );
      await plant(
        'deliveries',
        'planned_on, class, source_no, chat_no, bot_no, state, is_open, not_before',
        `(current_date - 95, 1, 1, 1, 1, 2, false, 'infinity'::timestamptz),
         (current_date - 96, 1, 1, 1, 1, 0, true, 'infinity')`,
      );
      await scene.start('scheduler');
      await waitUntil(async () => !(await isThere(finished)), 20_000);
      expect(await Promise.all([young, unfinished].map(isThere))).toEqual([true, true]);
      const told = await tenant.client.get<{ items: { id: string; stateReason: string }[] }>('/broadcasts');
      const { id } = told.body.items.find(({ stateReason }) => stateReason === 'told')!;
      expect(await tenant.report(id)).toMatchObject({ state: 'finished', counts: { sent: 1, queued: 0 } });
      expect(await drop('dispatcher', 96)).toBe(false);
      expect(await isThere(unfinished)).toBe(true);
      await expect(drop('dispatcher', 90)).rejects.toThrow('kept for 90 days');
      await expect(drop('app', 95)).rejects.toThrow('permission denied');
    });
  });
});
