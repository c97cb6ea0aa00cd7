import { Global, Injectable, Module } from '@nestjs/common';
import pg from 'pg';
import { type EntityManager } from 'typeorm';
import { MessagesModule } from '../../../src/messages/index.js';
import { ProblemError } from '../../../src/platform/errors/index.js';
import { type TenantId } from '../../../src/platform/identity/index.js';
import {
  type BroadcastRequest,
  BroadcastStarter,
  SchedulingApiModule,
  SchedulingModule,
  SchedulingSchedulerModule,
} from '../../../src/scheduling/index.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { BelievingModule, plantTenant, type PlantedTenant } from '../../harness/planted-caller.js';
import { waitUntil } from '../../harness/wait.js';

/** Keeps a broadcast as the room of deliveries would, and can be told to fail. */
@Injectable()
class PlantingStarter extends BroadcastStarter {
  static failure: Error | undefined;
  static startedAtMs = new Map<string, number>();

  async start(manager: EntityManager, tenantId: TenantId, request: BroadcastRequest): Promise<string> {
    if (PlantingStarter.failure) throw PlantingStarter.failure;
    const [row] = await manager.query<{ id: string }[]>(
      `INSERT INTO broadcasts (tenant_id, message_id, audience, schedule_id, due_at, planned_on)
       VALUES ($1, $2, $3, $4, $5, current_date) RETURNING id`,
      [tenantId, request.messageId, JSON.stringify(request.audience), request.scheduleId, request.dueAt],
    );
    PlantingStarter.startedAtMs.set(`${request.scheduleId} ${request.dueAt.toISOString()}`, Date.now());
    return row?.id ?? '';
  }
}

@Global()
@Module({
  providers: [{ provide: BroadcastStarter, useClass: PlantingStarter }],
  exports: [BroadcastStarter],
})
class PlantingModule {}

const rooms = [
  { core: [BelievingModule, MessagesModule, PlantingModule] },
  { core: [SchedulingModule], api: [SchedulingApiModule], scheduler: [SchedulingSchedulerModule] },
];

type Occurrence = { dueAt: string; state: string; reason: string | null; broadcastId: string | null };

describe('two tickers on one database', () => {
  let application: TestApplication;
  let second: TestApplication;
  let tenant: PlantedTenant;
  let database: pg.Client;

  beforeAll(async () => {
    application = await startTestApplication(
      { ARAUTO_ROLES: 'api,scheduler', LOG_LEVEL: 'silent' },
      { rooms },
    );
    second = await startTestApplication(
      { ARAUTO_ROLES: 'scheduler', LOG_LEVEL: 'silent' },
      { rooms, database: application.database },
    );
    tenant = await plantTenant(application);
    database = new pg.Client({ connectionString: application.database.urls.dispatcher });
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await second.close();
    await application.close();
  });
  afterEach(() => {
    PlantingStarter.failure = undefined;
  });

  const create = async (rule: object, client = tenant.client): Promise<string> => {
    const answer = await client.post('/schedules', {
      name: 'x',
      message: { kind: 'text', text: 'x' },
      audience: { to: 'everybody' },
      rule,
    });
    expect(answer.status).toBe(201);
    return String(answer.body['id']);
  };
  const far = () => create({ kind: 'cron', expression: '0 0 1 1 *' });
  const occurrences = async (id: string): Promise<Occurrence[]> =>
    (await tenant.client.get<{ items: Occurrence[] }>(`/schedules/${id}/occurrences?limit=200`)).body.items;
  const read = async (id: string) => (await tenant.client.get(`/schedules/${id}`)).body;
  const ring = () => database.query('NOTIFY arauto_schedules');

  it('start each due time once, soon after it', async () => {
    const id = await create({ kind: 'interval', everySeconds: 1 });
    await waitUntil(async () => (await occurrences(id)).filter((one) => one.state === 'started').length >= 3);
    await tenant.client.post(`/schedules/${id}/pause`);
    const found = await occurrences(id);
    const dues = found.map((one) => Date.parse(one.dueAt));
    expect(dues).toEqual(dues.map((_, n) => (dues[0] ?? 0) - n * 1000));
    expect(found.every((one) => one.state === 'started' && one.broadcastId)).toBe(true);
    const { rows } = await database.query(
      'SELECT count(*)::int AS count FROM broadcasts WHERE schedule_id = $1',
      [id],
    );
    expect(rows).toEqual([{ count: found.length }]);
    const latenesses = found
      .map((one) => (PlantingStarter.startedAtMs.get(`${id} ${one.dueAt}`) ?? NaN) - Date.parse(one.dueAt))
      .sort((a, b) => a - b);
    console.log(`lateness of a lone schedule, due to broadcast: ${latenesses.join(', ')} ms`);
    expect(latenesses[0]).toBeGreaterThanOrEqual(0);
    expect(latenesses[1]).toBeLessThan(250);
  }, 20_000);

  it('hear of a schedule that is due before their next look', async () => {
    const id = await create({ kind: 'once', at: new Date(Date.now() + 700).toISOString() });
    await waitUntil(async () => (await read(id))['state'] === 'ended', 3_000);
    expect(await read(id)).toMatchObject({ state: 'ended', reason: 'completed', nextRunAt: null });
    expect(await tenant.client.post(`/schedules/${id}/resume`)).toMatchObject({ status: 409 });
    const again = await tenant.client.patch(`/schedules/${id}`, {
      rule: { kind: 'once', at: '2099-01-01T00:00' },
    });
    expect(again.body).toMatchObject({ state: 'active', reason: null });
  });

  it('share 1,000 that are due in the same instant', async () => {
    const { rows } = await database.query<{ message_id: string }>(
      `INSERT INTO messages (tenant_id, content) VALUES ($1, '{"kind":"text","text":"x"}') RETURNING id AS message_id`,
      [tenant.id],
    );
    await database.query(
      `INSERT INTO schedules (tenant_id, name, message_id, audience, rule, time_zone, next_run_at)
       SELECT $1, 'many', $2, '{"to":"everybody"}', '{"kind":"cron","expression":"0 0 * * *"}', 'UTC',
              date_trunc('milliseconds', clock_timestamp() + interval '1 second') FROM generate_series(1, 1000)`,
      [tenant.id, rows[0]?.message_id],
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
  }, 30_000);

  it('are not stopped by a row that cannot be read', async () => {
    const [bad, zone, good] = [await far(), await far(), await far()];
    await database.query(
      `UPDATE schedules SET next_run_at = clock_timestamp(),
              rule = CASE WHEN id = $1 THEN '{"kind":"lunar"}' ELSE rule END,
              time_zone = CASE WHEN id = $2 THEN 'Mars/Olympus' ELSE time_zone END
        WHERE id IN ($1, $2, $3)`,
      [bad, zone, good],
    );
    await ring();
    await waitUntil(async () => (await occurrences(good))[0]?.state === 'started');
    await waitUntil(async () => (await read(bad))['state'] === 'ended');
    await waitUntil(async () => (await read(zone))['state'] === 'ended');
    expect(await read(bad)).toMatchObject({ reason: 'unreadable_rule', nextRunAt: null });
    expect(await read(good)).toMatchObject({ state: 'active' });
  });

  it('make up the latest missed run within an hour, and say what they left out', async () => {
    const [recent, old] = [await far(), await far()];
    await database.query(
      `UPDATE schedules SET next_run_at = date_trunc('minute', clock_timestamp()) - interval '3 days',
              rule = CASE WHEN id = $1 THEN '{"kind":"cron","expression":"* * * * *"}'::jsonb ELSE rule END
        WHERE id IN ($1, $2)`,
      [recent, old],
    );
    await ring();
    await waitUntil(async () => (await occurrences(recent)).some((one) => one.state === 'started'));
    await waitUntil(async () => (await occurrences(old)).length > 0);
    expect((await occurrences(recent)).map((one) => [one.state, one.reason]).slice(-2)).toEqual([
      ['started', null],
      ['skipped', 'overtaken'],
    ]);
    expect((await occurrences(old)).map((one) => [one.state, one.reason])).toEqual([['skipped', 'missed']]);
    await tenant.client.delete(`/schedules/${recent}`);
  });

  it('pass over a suspended tenant', async () => {
    const suspended = await plantTenant(application);
    const id = await create({ kind: 'cron', expression: '0 0 1 1 *' }, suspended.client);
    await database.query(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [suspended.id]);
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

  it('start later what could not start, and fail what never can', async () => {
    const makeDue = async () => {
      const id = await far();
      await database.query('UPDATE schedules SET next_run_at = clock_timestamp() WHERE id = $1', [id]);
      await ring();
      await waitUntil(async () => (await occurrences(id)).length === 1);
      return id;
    };
    PlantingStarter.failure = new ProblemError(400, 'invalid_input', 'There is no such tag.');
    const hopeless = await makeDue();
    await waitUntil(async () => (await occurrences(hopeless))[0]?.state === 'failed');
    expect((await occurrences(hopeless))[0]).toMatchObject({ reason: 'There is no such tag.' });

    PlantingStarter.failure = new Error('the database went away');
    const later = await makeDue();
    PlantingStarter.failure = undefined;
    await database.query(
      `UPDATE occurrences SET created_at = now() - interval '1 minute' WHERE schedule_id = $1`,
      [later],
    );
    await waitUntil(async () => (await occurrences(later))[0]?.state === 'started', 15_000);
  }, 30_000);

  it('do nothing for what is paused or deleted', async () => {
    const [paused, deleted] = [
      await create({ kind: 'interval', everySeconds: 1 }),
      await create({ kind: 'interval', everySeconds: 1 }),
    ];
    await tenant.client.post(`/schedules/${paused}/pause`);
    await tenant.client.delete(`/schedules/${deleted}`);
    const witness = await create({ kind: 'interval', everySeconds: 1 });
    await waitUntil(async () => (await occurrences(witness)).length >= 2);
    await tenant.client.delete(`/schedules/${witness}`);
    expect(await occurrences(paused)).toEqual([]);
    const { rows } = await database.query('SELECT FROM occurrences WHERE schedule_id = $1', [deleted]);
    expect(rows).toEqual([]);
  });
});
