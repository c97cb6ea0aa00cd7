import pg from 'pg';
import { JournalRepository, type Attempt } from '../../../src/delivery/journal.repository.js';
import { LaneLeaseRepository } from '../../../src/delivery/lane-lease.repository.js';
import { LaneRepository } from '../../../src/delivery/lane.repository.js';
import { OpenDays } from '../../../src/delivery/open-days.js';
import { type Settlement } from '../../../src/delivery/delivery.rules.js';
import { Clock } from '../../../src/platform/clock/index.js';
import { DispatcherDatabase } from '../../../src/platform/database/index.js';
import { ONLY_INDEX_LOOKUPS } from '../../../src/platform/database/dispatcher-database.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';

const TENANT = '00000000-0000-4000-8000-0000000000aa';
const LEASE_MS = 60_000;
const SENT: Settlement = { state: 'sent', reason: null, messageId: 77, delayMs: 0 };

describe('the journal on PostgreSQL', () => {
  let server: TestDatabase;
  let database: DispatcherDatabase;
  let pool: pg.Pool;
  let botNo: string;
  let broadcastNo: string;
  let chats: string[];
  let day: string;
  let leases: LaneLeaseRepository;
  let journal: JournalRepository;

  beforeAll(async () => {
    server = await createTestDatabase();
    pool = new pg.Pool({ connectionString: server.urls.dispatcher });
    database = new DispatcherDatabase(pool);
    leases = new LaneLeaseRepository(database, days());
    journal = new JournalRepository(database);
  });
  afterAll(async () => {
    await pool.end();
    await server.drop();
  });

  beforeEach(async () => {
    const client = new pg.Client({ connectionString: server.urls.superuser });
    await client.connect();
    await client.query(
      'TRUNCATE deliveries, broadcasts, messages, lanes, lane_owners, chats, bots, tenants CASCADE',
    );
    await client.query(`INSERT INTO tenants (id, name) VALUES ('${TENANT}', 'T')`);
    const bot = await client.query<{ no: string; id: string }>(
      `INSERT INTO bots (tenant_id, environment, api_root, telegram_id, name, first_name, token_key_version, token_fingerprint, webhook_path)
       VALUES ('${TENANT}', 'sandbox', 'sandbox', 1, 'Bot', 'Bot', 1, '\\x00', 'p') RETURNING no, id`,
    );
    botNo = bot.rows[0]!.no;
    await client.query(`INSERT INTO lanes (bot_no, tenant_id) VALUES (${botNo}, '${TENANT}')`);
    const found = await client.query<{ no: string }>(
      `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type)
       SELECT '${TENANT}', '${bot.rows[0]!.id}', ${botNo}, n, 'private' FROM generate_series(1, 5) n RETURNING no`,
    );
    chats = found.rows.map(({ no }) => no);
    const message = await client.query<{ id: string }>(
      `INSERT INTO messages (tenant_id, content) VALUES ('${TENANT}', '{}') RETURNING id`,
    );
    const broadcast = await client.query<{ no: string; day: string }>(
      `INSERT INTO broadcasts (tenant_id, message_id, audience, planned_on, state)
       VALUES ('${TENANT}', '${message.rows[0]!.id}', '{}', current_date, 'sending') RETURNING no, planned_on::text AS day`,
    );
    broadcastNo = broadcast.rows[0]!.no;
    day = broadcast.rows[0]!.day;
    await client.query(
      `INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id)
       SELECT current_date, 1, ${broadcastNo}, no, ${botNo}, '${TENANT}' FROM chats`,
    );
    await client.end();
  });

  const days = () => new OpenDays(database, new Clock());

  interface Held {
    readonly owner: string;
    readonly epoch: string;
  }
  /** A new owner takes the lane. */
  const acquire = async (leaseMs = LEASE_MS): Promise<Held> => {
    const owner = await leases.begin(leaseMs);
    const [acquired] = await leases.acquire(owner, [botNo]);
    if (!acquired) throw new Error('the lane is held');
    return { owner, epoch: acquired.epoch };
  };
  const endLease = (owner: string) => leases.end(owner);
  const attemptOn = (chatNo: string, { owner, epoch }: Held, attempt = 1): Attempt => ({
    plannedOn: day,
    class: 1,
    sourceNo: broadcastNo,
    chatNo,
    owner,
    epoch,
    attempt,
  });
  const statesOf = async (): Promise<Record<string, number>> => {
    const rows = await database.query<{ chat_no: string; state: number }>(
      'SELECT chat_no, state FROM deliveries',
    );
    return Object.fromEntries(rows.map((row) => [row.chat_no, row.state]));
  };

  it('lets deliveries of a held lane leave, once', async () => {
    const held = await acquire();
    const intents = chats.slice(0, 3).map((chatNo) => attemptOn(chatNo, held));
    expect(await journal.record(day, intents, [])).toEqual([true, true, true]);
    await journal.record(
      day,
      [],
      intents.map((attempt) => ({ attempt, settlement: SENT })),
    );
    expect(await journal.record(day, intents, [])).toEqual([false, false, false]);
    expect(Object.values(await statesOf()).sort()).toEqual([0, 0, 2, 2, 2]);
  });

  it('finds an intent again whose commit was not answered', async () => {
    const intent = attemptOn(chats[0]!, await acquire());
    expect(await journal.record(day, [intent], [])).toEqual([true]);
    expect(await journal.record(day, [intent], [])).toEqual([true]);
    expect(await journal.record(day, [{ ...intent, attempt: 2 }], [])).toEqual([false]);
  });

  it('refuses every intent of an owner whose lease is over', async () => {
    const held = await acquire();
    const intent = attemptOn(chats[0]!, held);
    await endLease(held.owner);
    expect(await journal.record(day, [intent], [])).toEqual([false]);
    const next = await acquire();
    expect(Number(next.epoch)).toBe(Number(held.epoch) + 1);
    expect(await journal.record(day, [{ ...intent, epoch: next.epoch }], [])).toEqual([false]);
    // One group may have intents of both.
    expect(await journal.record(day, [attemptOn(chats[1]!, held), attemptOn(chats[0]!, next)], [])).toEqual([
      false,
      true,
    ]);
  });

  it('never lets a lease run again that was over, nor takes a lane under it', async () => {
    const owner = await leases.begin(1);
    await database.query('SELECT pg_sleep(0.01)');
    expect(await leases.prolong(owner, LEASE_MS)).toBe(false);
    expect(await leases.acquire(owner, [botNo])).toEqual([undefined]);
    const running = await acquire(1_000);
    expect(await leases.prolong(running.owner, LEASE_MS)).toBe(true);
    await database.query('SELECT pg_sleep(1.1)');
    expect(await journal.record(day, [attemptOn(chats[0]!, running)], [])).toEqual([true]);
  });

  it('keeps a lease over from which a lane was taken, whatever the clock of the database says then', async () => {
    const held = await acquire(10);
    await database.query('SELECT pg_sleep(0.05)');
    const taker = await leases.begin(LEASE_MS);
    const [taken] = await leases.acquire(taker, [botNo]);
    expect(taken).toMatchObject({ wasLetGo: false });
    expect(taken?.freeMs).toBeGreaterThan(30);
    expect(taken?.freeMs).toBeLessThan(5_000);
    const [owner] = await database.query<{ until: number }>(
      `SELECT until FROM lane_owners WHERE no = ${held.owner}`,
    );
    expect(owner?.until).toBe(-Infinity);
    expect(await leases.prolong(held.owner, LEASE_MS)).toBe(false);
  });

  it('has a take-over wait for an intent that is being committed, and then finds it', async () => {
    const held = await acquire();
    const client = await pool.connect();
    try {
      // The dead owner's statement is on its way while its lease ends.
      await client.query('BEGIN');
      const slow = new JournalRepository({
        queryByKey: async (sql: string, parameters: unknown[]) =>
          (await client.query(sql, parameters)).rows as unknown,
      } as unknown as DispatcherDatabase);
      expect(await slow.record(day, [attemptOn(chats[0]!, held)], [])).toEqual([true]);
      await endLease(held.owner);
      const taking = acquire();
      await untilSomebodyWaits();
      await client.query('COMMIT');
      const { epoch } = await taking;
      expect(await leases.closeOpenAttempts(botNo, epoch, 0)).toBe(1);
    } finally {
      client.release();
    }
  });
  const untilSomebodyWaits = async () => {
    for (;;) {
      const [row] = await database.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted`,
      );
      if (row!.waiting > 0) return;
    }
  };

  it('takes an intent or a take-over, never both', async () => {
    const held = await acquire();
    await endLease(held.owner);
    const late = journal.record(day, [attemptOn(chats[0]!, held)], []);
    const [mayLeave, next] = await Promise.all([late, acquire()]);
    expect(mayLeave).toEqual([false]);
    expect(await leases.closeOpenAttempts(botNo, next.epoch, 0)).toBe(0);
  });

  it('leaves what an owner before left open as unknown, and believes its late answer', async () => {
    const held = await acquire();
    const attempt = attemptOn(chats[0]!, held);
    expect(await journal.record(day, [attempt], [])).toEqual([true]);
    await endLease(held.owner);
    const next = await acquire();
    expect(await leases.closeOpenAttempts(botNo, next.epoch, 0)).toBe(1);
    expect((await statesOf())[chats[0]!]).toBe(4);
    await journal.record(day, [], [{ attempt, settlement: SENT }]);
    expect((await statesOf())[chats[0]!]).toBe(2);
  });

  it('queues an unknown again where its broadcast chose so, and keeps a late answer from overriding the later try', async () => {
    await database.query(`UPDATE broadcasts SET ambiguity_policy = 'resend_once'`);
    const held = await acquire();
    const first = attemptOn(chats[0]!, held);
    await journal.record(day, [first], []);
    await endLease(held.owner);
    const next = await acquire();
    await leases.closeOpenAttempts(botNo, next.epoch, 0);
    const second = attemptOn(chats[0]!, next, 2);
    expect(await journal.record(day, [second], [])).toEqual([true]);
    await journal.record(day, [], [{ attempt: first, settlement: SENT }]);
    expect((await statesOf())[chats[0]!]).toBe(1);
    await journal.record(day, [], [{ attempt: second, settlement: SENT }]);
    expect((await statesOf())[chats[0]!]).toBe(2);
  });

  it('holds back what is queued again until its time', async () => {
    const attempt = attemptOn(chats[0]!, await acquire());
    await journal.record(day, [attempt], []);
    await journal.record(
      day,
      [],
      [{ attempt, settlement: { state: 'queued', reason: null, messageId: null, delayMs: 30_000 } }],
    );
    const lanes = new LaneRepository(database, days());
    expect(await lanes.findRemainder('0')).toEqual({ nextInMs: undefined, hasStrays: false });
    expect((await lanes.findQueued(botNo)).map(({ chatNo }) => chatNo).sort()).toEqual(chats.slice(1).sort());
    expect((await lanes.findRemainder(botNo)).nextInMs).toBeGreaterThan(29_000);
  });

  it('finds and closes what stands as open although nothing is under way', async () => {
    const held = await acquire();
    const attempt = attemptOn(chats[0]!, held);
    await journal.record(day, [attempt], []);
    const lanes = new LaneRepository(database, days());
    expect(await lanes.findRemainder(botNo)).toEqual({ nextInMs: undefined, hasStrays: true });
    expect(await leases.closeOpenAttempts(botNo, held.epoch, 0)).toBe(1);
    expect((await statesOf())[chats[0]!]).toBe(4);
    expect(await lanes.findRemainder(botNo)).toMatchObject({ hasStrays: false });
  });

  describe('a delivery of weeks ago', () => {
    const dayBefore = async (daysAgo: number): Promise<string> => {
      const [row] = await database.query<{ day: string }>('SELECT (current_date - $1::int)::text AS day', [
        daysAgo,
      ]);
      return row!.day;
    };
    /** Its own partition, or that of days that have none. */
    const moveTo = async (daysAgo: number, hasPartition: boolean): Promise<string> => {
      const past = await dayBefore(daysAgo);
      const client = new pg.Client({ connectionString: server.urls.superuser });
      await client.connect();
      try {
        const name = `deliveries_${past.replaceAll('-', '')}`;
        if (hasPartition)
          await client.query(
            `CREATE TABLE ${name} PARTITION OF deliveries FOR VALUES FROM ('${past}') TO ('${past}'::date + 1);
             ALTER TABLE ${name} OWNER TO arauto_owner`,
          );
        await client.query('UPDATE broadcasts SET planned_on = $1', [past]);
        await client.query('UPDATE deliveries SET planned_on = $1', [past]);
      } finally {
        await client.end();
      }
      return past;
    };

    it.each([
      ['of its own partition', 40, true],
      ['of a day that never got one', 41, false],
    ])('%s is read, sent and closed as any other', async (_, daysAgo, hasPartition) => {
      const past = await moveTo(daysAgo, hasPartition);
      const open = days();
      const [lanes, held] = [new LaneRepository(database, open), await acquire()];
      expect((await lanes.findQueued(botNo)).map(({ plannedOn }) => plannedOn)).toEqual(
        chats.map(() => past),
      );
      const attempt = { ...attemptOn(chats[0]!, held), plannedOn: past };
      expect(await journal.record(past, [attempt], [])).toEqual([true]);
      expect(await lanes.findRemainder(botNo)).toMatchObject({ hasStrays: true });
      expect(await new LaneLeaseRepository(database, open).closeOpenAttempts(botNo, held.epoch, 0)).toBe(1);
      expect(await open.find()).toContain(past);
      await database.query('UPDATE deliveries SET state = 2, is_open = false');
      expect(await days().find()).not.toContain(past);
    });
  });

  it('passes over without a try what must not be sent', async () => {
    const attempt = attemptOn(chats[0]!, await acquire());
    await journal.skip(day, [{ ...attempt, reason: 'chat_stopped' }]);
    expect((await statesOf())[chats[0]!]).toBe(6);
    expect(await journal.record(day, [attempt], [])).toEqual([false]);
  });

  it('reads broadcasts by turns and answers to people first', async () => {
    const client = new pg.Client({ connectionString: server.urls.superuser });
    await client.connect();
    await client.query(
      `WITH more AS (
         INSERT INTO broadcasts (tenant_id, message_id, audience, planned_on, state)
         SELECT tenant_id, message_id, audience, planned_on, state FROM broadcasts RETURNING no
       )
       INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id)
       SELECT current_date, 1, more.no, c.no, ${botNo}, '${TENANT}' FROM more, chats c`,
    );
    await client.query(
      `WITH said AS (INSERT INTO replies (tenant_id, bot_no, update_id, n, method, parameters)
         VALUES ('${TENANT}', ${botNo}, 5, 0, 'sendMessage', '{"text":"hi"}') RETURNING no)
       INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id)
       SELECT current_date, 2, said.no, ${chats[4]}, ${botNo}, '${TENANT}' FROM said`,
    );
    await client.end();
    const queued = await new LaneRepository(database, days()).findQueued(botNo, 4);
    expect(queued[0]).toMatchObject({
      class: 2,
      reply: { method: 'sendMessage', parameters: { text: 'hi' } },
    });
    expect(new Set(queued.slice(1, 3).map(({ sourceNo }) => sourceNo)).size).toBe(2);
    expect(queued).toHaveLength(5);
  });

  it('gives a lane to one of many who want it', async () => {
    const owners = await Promise.all(Array.from({ length: 8 }, () => leases.begin(LEASE_MS)));
    const acquired = await Promise.all(owners.map((owner) => leases.acquire(owner, [botNo])));
    expect(acquired.flat().filter((lane) => lane !== undefined)).toHaveLength(1);
    await Promise.all(owners.map(endLease));
    // And so to one of many who find it orphaned.
    const heirs = await Promise.all(owners.map(() => leases.begin(LEASE_MS)));
    const inherited = await Promise.all(heirs.map((owner) => leases.acquire(owner, [botNo])));
    expect(inherited.flat().filter((lane) => lane !== undefined)).toEqual([
      expect.objectContaining({ epoch: '2', wasLetGo: false }),
    ]);
  });

  it('gives a lane once more to whom the first answer never reached', async () => {
    const { owner, epoch } = await acquire();
    const [again] = await leases.acquire(owner, [botNo]);
    expect(again).toMatchObject({ epoch: `${Number(epoch) + 1}`, wasLetGo: false, freeMs: 0 });
    await leases.release(owner, [{ botNo, epoch, pace: undefined }]);
    expect(await leases.findOwned(owner)).toEqual(new Map([[botNo, again!.epoch]]));
  });

  it('lets nothing go under a lease that is over: who takes the lane looks for what was left open', async () => {
    const held = await acquire();
    await journal.record(day, [attemptOn(chats[0]!, held)], []);
    await endLease(held.owner);
    expect(await leases.release(held.owner, [{ botNo, epoch: held.epoch, pace: undefined }])).toEqual(
      new Set(),
    );
    const [taken] = await leases.acquire(await leases.begin(LEASE_MS), [botNo]);
    expect(taken).toMatchObject({ wasLetGo: false });
    expect(await leases.closeOpenAttempts(botNo, taken!.epoch, 0)).toBe(1);
  });

  it('finds what an owner left whose lease is over, and forgets owners who have nothing', async () => {
    const lanes = new LaneRepository(database, days());
    const { owner } = await acquire();
    expect(await lanes.findOrphaned(10)).toEqual([]);
    await endLease(owner);
    expect(await lanes.findOrphaned(10)).toEqual([botNo]);
    await database.query(`UPDATE lane_owners SET until = until - interval '1 hour'`);
    await leases.forgetEnded();
    const known = async () => (await database.query<{ no: string }>('SELECT no FROM lane_owners')).length;
    const before = await known();
    await acquire();
    await leases.forgetEnded();
    expect(await known()).toBe(before);
    expect(await database.query('SELECT FROM lane_owners WHERE no = $1', [owner])).toEqual([]);
  });

  it('finds what was queued while a lane was being let go', async () => {
    const { owner, epoch } = await acquire();
    const lanes = new LaneRepository(database, days());
    expect(await lanes.findLeftBehind([botNo])).toEqual([]);
    const released = await leases.release(owner, [{ botNo, epoch, pace: undefined }]);
    expect(released).toEqual(new Set([botNo]));
    expect(await lanes.findLeftBehind([botNo])).toEqual([botNo]);
    await database.query('UPDATE deliveries SET state = 6, is_open = false');
    expect(await lanes.findLeftBehind([botNo])).toEqual([]);
  });

  it('lets go only of what is held, and leaves the pace to the next owner', async () => {
    const { owner, epoch } = await acquire();
    const other = await leases.begin(LEASE_MS);
    const pace = { outages: 3 };
    await leases.release(other, [{ botNo, epoch, pace }]);
    await leases.release(owner, [{ botNo, epoch: '0', pace }]);
    expect(await leases.acquire(other, [botNo])).toEqual([undefined]);
    await leases.release(owner, [{ botNo, epoch, pace }]);
    expect(await leases.acquire(other, ['999', botNo])).toEqual([
      undefined,
      expect.objectContaining({ wasLetGo: true, pace }),
    ]);
  });

  it('believes of a former owner what Telegram told it, not how fast to go', async () => {
    const { owner, epoch } = await acquire();
    await leases.release(owner, [{ botNo, epoch, pace: { outages: 1 } }]);
    await leases.noteRest(botNo, epoch, 0, { outages: 5 });
    const other = await leases.begin(LEASE_MS);
    const [taken] = await leases.acquire(other, [botNo]);
    expect(taken).toMatchObject({ pace: { outages: 1 } });
    await leases.noteRest(botNo, epoch, 60_000, { outages: 6 });
    await leases.noteRest(botNo, taken!.epoch, 0, { outages: 2 });
    await endLease(other);
    const [next] = await leases.acquire(await leases.begin(LEASE_MS), [botNo]);
    expect(next).toMatchObject({ pace: { outages: 2 } });
    expect(next!.restMs).toBeGreaterThan(50_000);
  });

  it('reads along the rows of its own lanes, whatever the statistics know of the day', async () => {
    const client = new pg.Client({ connectionString: server.urls.superuser });
    await client.connect();
    const keyed = new pg.Pool({
      connectionString: server.urls.dispatcher,
      options: ONLY_INDEX_LOOKUPS,
      max: 1,
    });
    try {
      // A day that was looked at when nothing was open in it, and on which 200 bots have 50 each since.
      await client.query('UPDATE deliveries SET state = 6, is_open = false');
      const bots = await client.query<{ no: string }>(
        `INSERT INTO bots (tenant_id, environment, api_root, telegram_id, name, first_name, token_key_version, token_fingerprint, webhook_path)
         SELECT '${TENANT}', 'sandbox', 'sandbox', n, 'Bot', 'Bot', 1, '\\x00', 'p' || n FROM generate_series(2, 201) n RETURNING no`,
      );
      await client.query(
        `INSERT INTO lanes (bot_no, tenant_id) SELECT no, tenant_id FROM bots ON CONFLICT DO NOTHING`,
      );
      await client.query(
        `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type)
         SELECT b.tenant_id, b.id, b.no, n, 'private' FROM bots b, generate_series(6, 55) n WHERE b.no <> ${botNo}`,
      );
      await client.query('VACUUM ANALYZE');
      await client.query(
        `INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id)
         SELECT current_date, 1, ${broadcastNo}, no, bot_no, tenant_id FROM chats WHERE bot_no <> ${botNo}`,
      );
      const lanes = new LaneRepository(new DispatcherDatabase(keyed), days());
      const countIndexRowsRead = async (work: () => Promise<unknown>): Promise<number> => {
        const read = async () => {
          await keyed.query('SELECT pg_stat_force_next_flush()');
          const { rows } = await client.query<{ read: string }>(
            `SELECT sum(idx_tup_read) AS read FROM pg_stat_all_indexes WHERE relname LIKE 'deliveries%'`,
          );
          return Number(rows[0]!.read);
        };
        const before = await read();
        await work();
        return (await read()) - before;
      };
      const some = bots.rows.slice(0, 10).map(({ no }) => no);
      const readForTen = await countIndexRowsRead(() => Promise.all(some.map((no) => lanes.findQueued(no))));
      expect(readForTen).toBeGreaterThanOrEqual(500);
      expect(readForTen).toBeLessThan(800);
      const owner = await leases.begin(LEASE_MS);
      const epoch = (await leases.acquire(owner, some)).map((lane) => lane!.epoch);
      const queued = await Promise.all(some.map((no) => lanes.findQueued(no)));
      const intents = queued.flatMap((rows, n) =>
        rows.slice(0, 5).map(({ chatNo }) => attemptOn(chatNo, { owner, epoch: epoch[n]! })),
      );
      const keyedJournal = new JournalRepository(new DispatcherDatabase(keyed));
      const readForIntents = await countIndexRowsRead(async () => {
        expect(await keyedJournal.record(day, intents, [])).toEqual(intents.map(() => true));
      });
      expect(readForIntents).toBeGreaterThanOrEqual(50);
      expect(readForIntents).toBeLessThan(120);
      const settlements = intents.map((attempt) => ({ attempt, settlement: SENT }));
      expect(await countIndexRowsRead(() => keyedJournal.record(day, [], settlements))).toBeLessThan(250);
      // And a day that was looked at when everything in it was settled, long before as much came again.
      await client.query(`UPDATE deliveries SET state = 2, is_open = false`);
      await client.query(
        `INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id, state, is_open)
         SELECT current_date, 2, 4241, no, bot_no, tenant_id, 2, false FROM chats ORDER BY no`,
      );
      await client.query('VACUUM ANALYZE deliveries');
      await client.query(
        `INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id)
         SELECT current_date, 2, 4242, no, bot_no, tenant_id FROM chats WHERE bot_no <> ${botNo} ORDER BY no`,
      );
      const { rows: replies } = await client.query<{ no: string }>(
        `SELECT chat_no AS no FROM deliveries WHERE source_no = 4242 LIMIT 1000`,
      );
      const later = replies.map(({ no }) => ({
        ...attemptOn(no, { owner, epoch: epoch[0]! }),
        class: 2 as const,
        sourceNo: '4242',
      }));
      const [skipped, tried] = [later.slice(0, 10), later.slice(10)];
      const settled = tried.map((attempt) => ({ attempt, settlement: SENT }));
      const counts = [
        await countIndexRowsRead(async () => {
          expect(await keyedJournal.record(day, tried, [])).toEqual(tried.map(() => true));
        }),
        await countIndexRowsRead(() => keyedJournal.record(day, [], settled)),
        await countIndexRowsRead(() =>
          keyedJournal.skip(
            day,
            skipped.map((delivery) => ({ ...delivery, reason: 'chat_stopped' })),
          ),
        ),
      ];
      for (const read of counts) expect(read).toBeLessThan(3_000);
      await client.query('DELETE FROM deliveries WHERE class = 2');
      await client.query('VACUUM deliveries');
      await leases.release(
        owner,
        some.map((botNo, n) => ({ botNo, epoch: epoch[n]!, pace: undefined })),
      );
      await client.query(
        `UPDATE deliveries SET state = 0, is_open = true WHERE state = 2 AND bot_no <> ${botNo}`,
      );
      await client.query(`UPDATE broadcasts SET state = 'paused'`);
      expect(await lanes.findForsaken(1_000)).toEqual([]);
      await client.query(`UPDATE broadcasts SET state = 'sending'`);
      const readForSweep = await countIndexRowsRead(async () => {
        expect(await lanes.findForsaken(1_000)).toHaveLength(200);
      });
      expect(readForSweep).toBeGreaterThanOrEqual(200);
      expect(readForSweep).toBeLessThan(1_000);
    } finally {
      await keyed.end();
      await client.end();
    }
  });
});
