import pg from 'pg';
import { signUpTenant, type SignedUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { waitUntil } from '../../harness/wait.js';
import { ScheduleDesk } from './schedule-desk.js';

jest.setTimeout(60_000);

const yearly = { kind: 'cron', expression: '0 0 1 1 *' };

describe('two tickers on one database', () => {
  let application: TestApplication;
  let second: TestApplication;
  let tenant: SignedUpTenant;
  let desk: ScheduleDesk;
  let database: pg.Client;

  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api,scheduler', LOG_LEVEL: 'silent' });
    second = await startTestApplication(
      { ARAUTO_ROLES: 'scheduler', LOG_LEVEL: 'silent' },
      { database: application.database },
    );
    tenant = await signUpTenant(application.url);
    desk = new ScheduleDesk(tenant.client, { rule: yearly });
    database = new pg.Client({ connectionString: application.database.urls.dispatcher });
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await second.close();
    await application.close();
  });

  const ring = () => database.query('NOTIFY arauto_schedules');

  it('start each due time once, soon after it', async () => {
    const id = await desk.create({ rule: { kind: 'interval', everySeconds: 1 } });
    await waitUntil(
      async () => (await desk.occurrences(id)).filter((one) => one.state === 'started').length >= 3,
    );
    await tenant.client.post(`/schedules/${id}/pause`);
    const found = await desk.occurrences(id);
    const dues = found.map((one) => Date.parse(one.dueAt));
    expect(dues).toEqual(dues.map((_, n) => (dues[0] ?? 0) - n * 1000));
    expect(found.every((one) => one.state === 'started' && one.broadcastId)).toBe(true);
    const { rows: broadcasts } = await database.query<{ ms: number }>(
      `SELECT (extract(epoch FROM created_at - due_at) * 1000)::float8 AS ms FROM broadcasts
        WHERE schedule_id = $1 ORDER BY ms`,
      [id],
    );
    expect(broadcasts).toHaveLength(found.length);
    const latenesses = broadcasts.map(({ ms }) => Math.round(ms));
    console.log(`lateness of a lone schedule, due to broadcast: ${latenesses.join(', ')} ms`);
    expect(latenesses[0]).toBeGreaterThanOrEqual(0);
    expect(latenesses[0]).toBeLessThan(1_000);

    const log = await tenant.client.get<{
      items: { actorKind: string; action: string; subjectId: string }[];
    }>(`/tenant/audit?actorId=${id}&limit=200`);
    expect(new Set(log.body.items.map(({ actorKind, action }) => `${actorKind} ${action}`))).toEqual(
      new Set(['schedule broadcast.started']),
    );
    expect(log.body.items.map(({ subjectId }) => subjectId).sort()).toEqual(
      found.map(({ broadcastId }) => broadcastId).sort(),
    );
    expect((await tenant.client.get('/tenant/audit/verification')).body).toMatchObject({ isWhole: true });
  });

  it('hear of a schedule that is due before their next look', async () => {
    const id = await desk.create({ rule: { kind: 'once', at: new Date(Date.now() + 700).toISOString() } });
    await waitUntil(async () => (await desk.read(id))['state'] === 'ended', 3_000);
    expect(await desk.read(id)).toMatchObject({ state: 'ended', reason: 'completed', nextRunAt: null });
    expect(await tenant.client.post(`/schedules/${id}/resume`)).toMatchObject({ status: 409 });
    // It has ended with the claim; the start is a transaction of its own.
    await waitUntil(async () => (await desk.occurrences(id))[0]?.state === 'started');
    const { rows } = await database.query('SELECT state FROM broadcasts WHERE schedule_id = $1', [id]);
    expect(rows).toHaveLength(1);
    const again = await tenant.client.patch(`/schedules/${id}`, {
      rule: { kind: 'once', at: '2099-01-01T00:00' },
    });
    expect(again.body).toMatchObject({ state: 'active', reason: null });
  });

  it("start together what stands in nobody's way, and what runs alone beside it", async () => {
    const at = new Date(Date.now() + 1_500).toISOString();
    const policies = ['parallel', 'wait', 'parallel', 'skip'];
    const ids = await Promise.all(
      policies.map((overlapPolicy) => desk.create({ rule: { kind: 'once', at }, overlapPolicy })),
    );
    await waitUntil(async () => {
      const found = await Promise.all(ids.map((id) => desk.outcomes(id)));
      return found.every(([outcome]) => outcome === 'started');
    });
    const { rows } = await database.query<{ id: string }>(
      `SELECT schedule_id AS id FROM broadcasts WHERE schedule_id = ANY ($1::uuid[]) AND due_at = $2`,
      [ids, at],
    );
    expect(rows.map(({ id }) => id).sort()).toEqual(ids.toSorted());
  });

  it('share 1,000 that are due in the same instant', async () => {
    const { rows } = await database.query<{ message_id: string }>(
      `INSERT INTO messages (tenant_id, content) VALUES ($1, '{"kind":"text","text":"x"}') RETURNING id AS message_id`,
      [tenant.tenantId],
    );
    await database.query(
      `INSERT INTO schedules (tenant_id, name, message_id, audience, rule, time_zone, next_run_at)
       SELECT $1, 'many', $2, '{"to":"everybody"}', '{"kind":"cron","expression":"0 0 * * *"}', 'UTC',
              date_trunc('milliseconds', clock_timestamp() + interval '1 second') FROM generate_series(1, 1000)`,
      [tenant.tenantId, rows[0]?.message_id],
    );
    await ring();
    const count = async () =>
      (
        await database.query<{ started: number; all: number }>(
          `SELECT count(*) FILTER (WHERE o.state = 'started')::int AS started, count(*)::int AS all
             FROM occurrences o JOIN schedules s ON s.id = o.schedule_id WHERE s.name = 'many'`,
        )
      ).rows[0];
    await waitUntil(async () => (await count())?.started === 1000, 20_000);
    expect(await count()).toEqual({ started: 1000, all: 1000 });
    const lateness = await database.query<{ p99: number }>(
      `SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM b.created_at - b.due_at) * 1000)::int AS p99
         FROM broadcasts b JOIN schedules s ON s.id = b.schedule_id WHERE s.name = 'many'`,
    );
    console.log(`lateness of 1,000 at once, due to broadcast: p99 ${lateness.rows[0]?.p99} ms`);
  });

  it('are not stopped by a row that cannot be read', async () => {
    const [bad, zone, good, where] = await Promise.all([1, 2, 3, 4].map(() => desk.create()));
    // With a bot in the workspace its zone is asked for, of whom the audience has.
    const superuser = new pg.Client({ connectionString: application.database.urls.superuser });
    await superuser.connect();
    await superuser.query(
      `INSERT INTO bots (tenant_id, environment, api_root, telegram_id, name, first_name, token_key_version,
         token_fingerprint, webhook_path)
       VALUES ($1, 'sandbox', 'sandbox', 1, 'Bot', 'Bot', 1, '\\x00', 'p')`,
      [tenant.tenantId],
    );
    await superuser.query(
      `UPDATE schedules SET next_run_at = clock_timestamp(), local_time_of = 'chat', zone_runs = '{}',
         audience = '{"to":"everybody","botIds":5}' WHERE id = $1`,
      [where],
    );
    await superuser.end();
    await database.query(
      `UPDATE schedules SET next_run_at = clock_timestamp(),
              rule = CASE WHEN id = $1 THEN '{"kind":"lunar"}' ELSE rule END,
              time_zone = CASE WHEN id = $2 THEN 'Mars/Olympus' ELSE time_zone END
        WHERE id IN ($1, $2, $3)`,
      [bad, zone, good],
    );
    await ring();
    await waitUntil(async () => (await desk.occurrences(good!))[0]?.state === 'started');
    await waitUntil(async () => (await desk.read(bad!))['state'] === 'ended');
    await waitUntil(async () => (await desk.read(zone!))['state'] === 'ended');
    const stateOf = 'SELECT state FROM schedules WHERE id = $1';
    await waitUntil(
      async () => (await database.query<{ state: string }>(stateOf, [where])).rows[0]?.state === 'ended',
    );
    expect(await desk.read(bad!)).toMatchObject({ reason: 'unreadable_rule', nextRunAt: null });
    expect(await desk.read(good!)).toMatchObject({ state: 'active' });
  });

  it('make up the latest missed run within an hour, and say what they left out', async () => {
    const [recent, old] = [await desk.create(), await desk.create()];
    await database.query(
      `UPDATE schedules SET next_run_at = date_trunc('minute', clock_timestamp()) - interval '3 days',
              rule = CASE WHEN id = $1 THEN '{"kind":"cron","expression":"* * * * *"}'::jsonb ELSE rule END
        WHERE id IN ($1, $2)`,
      [recent, old],
    );
    await ring();
    await waitUntil(async () => (await desk.occurrences(recent)).some((one) => one.state === 'started'));
    await waitUntil(async () => (await desk.occurrences(old)).length > 0);
    expect((await desk.occurrences(recent)).map((one) => [one.state, one.reason]).slice(-2)).toEqual([
      ['started', null],
      ['skipped', 'overtaken'],
    ]);
    expect((await desk.occurrences(old)).map((one) => [one.state, one.reason])).toEqual([
      ['skipped', 'missed'],
    ]);
    await tenant.client.delete(`/schedules/${recent}`);
  });

  it('pass over a suspended tenant', async () => {
    const suspended = await signUpTenant(application.url);
    const id = await new ScheduleDesk(suspended.client, { rule: yearly }).create();
    await database.query(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [suspended.tenantId]);
    await database.query('UPDATE schedules SET next_run_at = clock_timestamp() WHERE id = $1', [id]);
    await ring();
    const find = async () =>
      (
        await database.query<{ state: string; reason: string }>(
          'SELECT state, reason FROM occurrences WHERE schedule_id = $1',
          [id],
        )
      ).rows;
    await waitUntil(async () => (await find()).length > 0);
    expect(await find()).toEqual([{ state: 'skipped', reason: 'tenant_suspended' }]);
  });

  it('start later what could not start, and give it up after an hour', async () => {
    const owner = new pg.Client({ connectionString: application.database.urls.owner });
    await owner.connect();
    await owner.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$`,
    );
    await owner.query(
      'CREATE TRIGGER refuse BEFORE INSERT ON broadcasts FOR EACH ROW EXECUTE FUNCTION refuse()',
    );
    const [later, never] = [await desk.create(), await desk.create()];
    await database.query('UPDATE schedules SET next_run_at = clock_timestamp() WHERE id IN ($1, $2)', [
      later,
      never,
    ]);
    await ring();
    await waitUntil(
      async () => (await desk.occurrences(later)).length + (await desk.occurrences(never)).length === 2,
    );
    const age = (id: string, minutes: number) =>
      database.query(
        `UPDATE occurrences SET retry_at = retry_at - make_interval(mins => $2) WHERE schedule_id = $1`,
        [id, minutes],
      );
    await age(never, 61);
    await waitUntil(async () => (await desk.occurrences(never))[0]?.state === 'failed', 20_000);
    expect((await desk.occurrences(never))[0]).toMatchObject({
      reason: 'could_not_start',
      broadcastId: null,
    });
    expect((await desk.occurrences(later))[0]).toMatchObject({ state: 'waiting' });
    await owner.query('DROP TRIGGER refuse ON broadcasts');
    await owner.end();
    await age(later, 1);
    await waitUntil(async () => (await desk.occurrences(later))[0]?.state === 'started', 20_000);
  });

  it('do nothing for what is paused or deleted', async () => {
    const [paused, deleted] = [
      await desk.create({ rule: { kind: 'interval', everySeconds: 1 } }),
      await desk.create({ rule: { kind: 'interval', everySeconds: 1 } }),
    ];
    await tenant.client.post(`/schedules/${paused}/pause`);
    await tenant.client.delete(`/schedules/${deleted}`);
    const witness = await desk.create({ rule: { kind: 'interval', everySeconds: 1 } });
    await waitUntil(async () => (await desk.occurrences(witness)).length >= 2);
    await tenant.client.delete(`/schedules/${witness}`);
    expect(await desk.occurrences(paused)).toEqual([]);
    const { rows } = await database.query('SELECT FROM occurrences WHERE schedule_id = $1', [deleted]);
    expect(rows).toEqual([]);
  });
});
