import pg from 'pg';
import { DueSchedulesRepository } from '../../../src/scheduling/due-schedules.repository.js';
import { signUpTenant, type SignedUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { waitUntil } from '../../harness/wait.js';
import { ScheduleDesk } from './schedule-desk.js';

jest.setTimeout(60_000);

const yearly = { kind: 'cron', expression: '0 0 1 1 *' };
const everySecond = { kind: 'interval', everySeconds: 1 };

describe('schedules over time, without anybody who sends', () => {
  let application: TestApplication;
  let tenant: SignedUpTenant;
  let desk: ScheduleDesk;
  let stranger: SignedUpTenant;
  let database: pg.Client;
  let superuser: pg.Client;

  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api,scheduler', LOG_LEVEL: 'silent' });
    tenant = await signUpTenant(application.url);
    desk = new ScheduleDesk(tenant.client, { rule: yearly, timeZone: 'UTC' });
    stranger = await signUpTenant(application.url);
    database = new pg.Client({ connectionString: application.database.urls.dispatcher });
    await database.connect();
    superuser = new pg.Client({ connectionString: application.database.urls.superuser });
    await superuser.connect();
  });
  afterAll(async () => {
    await database.end();
    await superuser.end();
    await application.close();
  });

  /** Makes it due now, and tells the ticker. */
  const letBeDue = async (...ids: string[]) => {
    await database.query(
      `UPDATE schedules SET next_run_at = date_trunc('milliseconds', clock_timestamp()) WHERE id = ANY ($1)`,
      [ids],
    );
    await database.query('NOTIFY arauto_schedules');
  };

  it('keeps what bounds a schedule, and takes it away again', async () => {
    const bounds = {
      rule: { kind: 'calendar', unit: 'week', weekdays: ['MO'], times: ['09:00'], startOn: '2026-01-05' },
      exceptDates: ['2098-12-25'],
      within: { from: '08:00', to: '20:00' },
      maxRuns: 5,
      missedPolicy: 'all',
      graceSeconds: 60,
      overlapPolicy: 'skip',
    };
    const id = await desk.create({ ...bounds, endsAt: '2099-01-01T00:00', timeZone: 'Europe/Lisbon' });
    expect(await desk.read(id)).toMatchObject({ ...bounds, endsAt: '2099-01-01T00:00:00.000Z', runs: 0 });
    const freed = await tenant.client.patch(`/schedules/${id}`, {
      endsAt: null,
      exceptDates: null,
      within: null,
      maxRuns: null,
    });
    expect(freed.body).toMatchObject({ endsAt: null, exceptDates: null, within: null, maxRuns: null });
    expect(await tenant.client.post('/schedules', desk.body({ endsAt: '2020-01-01T00:00' }))).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'endsAt', code: 'never_due' }] },
    });
  });

  it('anchors an RRULE, and refuses what is none', async () => {
    const id = await desk.create({
      rule: { kind: 'rrule', rule: 'FREQ=MONTHLY;BYDAY=2TU;BYHOUR=9;BYMINUTE=0' },
    });
    const { rule, nextRunAt } = await desk.read(id);
    expect(rule).toMatchObject({ startAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/) as string });
    expect(new Date(String(nextRunAt)).getUTCDay()).toBe(2);
    expect(
      await tenant.client.post('/schedules', desk.body({ rule: { kind: 'rrule', rule: 'FREQ=OFTEN' } })),
    ).toMatchObject({ status: 400, body: { errors: [{ field: 'rule.rule' }] } });
  });

  it('ends after so many runs', async () => {
    const id = await desk.create({ rule: everySecond, maxRuns: 2 });
    await waitUntil(async () => (await desk.read(id))['state'] === 'ended', 20_000);
    expect(await desk.read(id)).toMatchObject({ reason: 'completed', runs: 2 });
    // The ticker counts a run, the planner starts it.
    await waitUntil(async () => (await desk.outcomes(id)).join() === 'started,started');
    expect(await tenant.client.patch(`/schedules/${id}`, { maxRuns: 2 })).toMatchObject({ status: 400 });
  });

  it('skips a run while the last broadcast is still going on, where it should', async () => {
    const id = await desk.create({ overlapPolicy: 'skip' });
    await letBeDue(id);
    await waitUntil(async () => (await desk.outcomes(id)).join() === 'started');
    await letBeDue(id);
    await waitUntil(async () => (await desk.outcomes(id)).join() === 'skipped previous_running,started');
  });

  it('waits until the last broadcast is over, where it should, and not longer than its grace', async () => {
    const [patient, hasty] = [
      await desk.create({ overlapPolicy: 'wait' }),
      await desk.create({ overlapPolicy: 'wait' }),
    ];
    await letBeDue(patient, hasty);
    await waitUntil(
      async () =>
        (await desk.outcomes(patient)).join() + (await desk.outcomes(hasty)).join() === 'startedstarted',
    );
    await letBeDue(patient, hasty);
    await waitUntil(async () => (await desk.outcomes(patient)).join() === 'waiting previous_running,started');
    await waitUntil(async () => (await desk.outcomes(hasty)).join() === 'waiting previous_running,started');
    await database.query('UPDATE schedules SET grace_seconds = 0 WHERE id = $1', [hasty]);
    await waitUntil(
      async () => (await desk.outcomes(hasty)).join() === 'skipped previous_running,started',
      30_000,
    );
    await database.query(`UPDATE broadcasts SET state = 'finished' WHERE schedule_id = $1`, [patient]);
    await waitUntil(
      async () => (await desk.outcomes(patient)).join() === 'started previous_running,started',
      30_000,
    );
  });

  it('makes up by its policy what a pause let it miss', async () => {
    const minutes = { kind: 'cron', expression: '* * * * *' };
    const [all, latest, skip] = [
      await desk.create({ rule: minutes, missedPolicy: 'all', graceSeconds: 200 }),
      await desk.create({ rule: minutes }),
      await desk.create({ rule: minutes, missedPolicy: 'skip' }),
    ];
    for (const id of [all, latest, skip]) await tenant.client.post(`/schedules/${id}/pause`);
    await database.query(
      `UPDATE schedules SET paused_at = date_trunc('minute', clock_timestamp()) - interval '10 minutes' WHERE id = ANY ($1)`,
      [[all, latest, skip]],
    );
    for (const id of [all, latest, skip])
      expect(await tenant.client.post(`/schedules/${id}/resume`)).toMatchObject({ status: 200 });
    await waitUntil(async () => (await desk.outcomes(all)).filter((one) => one === 'started').length >= 3);
    expect((await desk.outcomes(all)).at(-1)).toBe('skipped overtaken');
    await waitUntil(
      async () => (await desk.outcomes(latest)).slice(-2).join() === 'started,skipped overtaken',
    );
    expect((await desk.outcomes(skip)).filter((one) => one.startsWith('skipped'))).toEqual([]);
    for (const id of [all, latest, skip]) await tenant.client.delete(`/schedules/${id}`);
  });

  it('keeps quiet: holds until the hours end, of each schedule the last run; or skips', async () => {
    const near = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
    await tenant.client.patch('/tenant', { timeZone: 'UTC' });
    const hours = { from: near(-1), to: near(2) };
    expect(await tenant.client.put('/quiet-hours', { hours, policy: 'hold' })).toMatchObject({
      status: 200,
      body: { botId: null, hours },
    });
    const [held, paused] = [await desk.create(), await desk.create()];
    await letBeDue(held, paused);
    await waitUntil(async () => (await desk.outcomes(paused)).join() === 'waiting quiet_hours');
    await waitUntil(async () => (await desk.outcomes(held)).join() === 'waiting quiet_hours');
    await letBeDue(held);
    await waitUntil(
      async () => (await desk.outcomes(held)).join() === 'waiting quiet_hours,skipped overtaken',
    );
    await tenant.client.post(`/schedules/${paused}/pause`);
    expect(await desk.outcomes(paused)).toEqual(['skipped paused']);
    await tenant.client.put('/quiet-hours', { hours, policy: 'skip' });
    const skipped = await desk.create();
    await letBeDue(skipped);
    await waitUntil(async () => (await desk.outcomes(skipped)).join() === 'skipped quiet_hours');
    expect((await tenant.client.get('/quiet-hours')).body).toEqual({
      items: [{ botId: null, hours, policy: 'skip' }],
    });
    expect((await stranger.client.get('/quiet-hours')).body).toEqual({ items: [] });
    // What is held is looked at again, by the hours that hold now.
    await waitUntil(async () => (await desk.outcomes(held))[0] === 'skipped quiet_hours');
    expect(await tenant.client.delete('/quiet-hours')).toMatchObject({ status: 204 });
  });

  describe('what quiet hours hold', () => {
    let ids: string[];

    const areAll = (outcome: string) => async () =>
      (await Promise.all(ids.map((id) => desk.outcomes(id)))).flat().join() === ids.map(() => outcome).join();
    const hold = async () => {
      const near = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
      await tenant.client.patch('/tenant', { timeZone: 'UTC' });
      await tenant.client.put('/quiet-hours', { hours: { from: near(-1), to: near(2) }, policy: 'hold' });
      await letBeDue(...ids);
      await waitUntil(areAll('waiting quiet_hours'));
    };
    beforeEach(async () => {
      ids = await Promise.all(Array.from({ length: 4 }, () => desk.create()));
      await hold();
    });

    it('starts when they end, to the moment', async () => {
      // As if the hours had been others: they end one after the other.
      await superuser.query('DELETE FROM quiet_hours WHERE tenant_id = $1', [tenant.tenantId]);
      await database.query(
        `UPDATE occurrences SET retry_at = clock_timestamp() + array_position($1::uuid[], schedule_id) * interval '1.3 s'
          WHERE schedule_id = ANY ($1::uuid[])`,
        [ids],
      );
      await database.query('NOTIFY arauto_schedules');
      await waitUntil(areAll('started quiet_hours'), 20_000);
      const { rows } = await database.query<{ seconds: number }>(
        `SELECT extract(epoch FROM b.created_at - o.retry_at)::float8 AS seconds
           FROM occurrences o JOIN broadcasts b ON b.id = o.broadcast_id WHERE o.schedule_id = ANY ($1::uuid[])`,
        [ids],
      );
      // Nobody who looks every few seconds could be in time for all of them.
      expect(rows.map(({ seconds }) => seconds >= 0 && seconds < 1)).toEqual([true, true, true, true]);
    });

    it('starts in one go, however much it is', async () => {
      await superuser.query(
        `INSERT INTO occurrences (tenant_id, schedule_id, due_at, state, reason, retry_at)
         SELECT tenant_id, id, clock_timestamp() - n * interval '1 s', 'waiting', 'quiet_hours', 'infinity'
           FROM schedules, generate_series(1, 1200) AS n WHERE id = $1`,
        [ids[0]],
      );
      await tenant.client.delete('/quiet-hours');
      const isAnyLeft = `SELECT FROM occurrences WHERE schedule_id = $1 AND state = 'waiting'`;
      await waitUntil(async () => (await database.query(isAnyLeft, [ids[0]])).rowCount === 0, 20_000);
      const { rows } = await database.query<{ seconds: number }>(
        `SELECT extract(epoch FROM max(created_at) - min(created_at))::float8 AS seconds
           FROM broadcasts WHERE schedule_id = $1`,
        [ids[0]],
      );
      // Three pages, and no rest of seconds between them.
      expect(rows[0]?.seconds).toBeLessThan(8);
    });

    it('starts at once where they are taken away', async () => {
      await tenant.client.delete('/quiet-hours');
      const { rows } = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
      await waitUntil(areAll('started quiet_hours'), 20_000);
      const { rows: late } = await database.query(
        `SELECT FROM broadcasts WHERE schedule_id = ANY ($1::uuid[]) AND created_at > $2::timestamptz + interval '1 s'`,
        [ids, rows[0]?.now],
      );
      expect(late).toHaveLength(0);
    });
  });

  it('starts what was claimed before the clock was set back and not started', async () => {
    const id = await desk.create();
    await superuser.query(
      `INSERT INTO occurrences (tenant_id, schedule_id, due_at, state, retry_at)
       VALUES ($1, $2, clock_timestamp(), 'waiting', clock_timestamp() + interval '2 hours')`,
      [tenant.tenantId, id],
    );
    await application.app.get(DueSchedulesRepository).cutWaits();
    await waitUntil(async () => (await desk.outcomes(id)).join() === 'started', 20_000);
  });

  it('says a rule in plain words and what daylight saving does to it', async () => {
    const preview = await tenant.client.post('/schedules/preview', {
      rule: { kind: 'cron', expression: '30 1 29 3 *' },
      timeZone: 'Europe/Lisbon',
      count: 1,
      language: 'es',
    });
    expect(preview).toMatchObject({
      status: 200,
      body: { sentence: 'A las 01:30 el día 29 en marzo (hora de Europe/Lisbon).' },
    });
    const odd = await tenant.client.post('/schedules/preview', {
      rule: { kind: 'once', at: '2027-03-28T01:30' },
      timeZone: 'Europe/Lisbon',
    });
    expect(odd.body['runs']).toEqual([
      {
        dueAt: '2027-03-28T01:00:00.000Z',
        localTime: '2027-03-28T02:00:00',
        offset: '+01:00',
        timeZone: 'Europe/Lisbon',
        oddity: { kind: 'skipped_time', askedTime: '2027-03-28T01:30:00' },
      },
    ]);
    const twice = await tenant.client.post<{ runs: { oddity: unknown }[] }>('/schedules/preview', {
      rule: { kind: 'once', at: '2027-10-31T01:30' },
      timeZone: 'Europe/Lisbon',
    });
    expect(twice.body.runs[0]?.oddity).toEqual({ kind: 'doubled_time', pass: 'first' });
  });

  describe('of a tenant that plans', () => {
    let planner: SignedUpTenant;
    beforeAll(async () => {
      planner = await signUpTenant(application.url);
      for (const [name, at] of [
        ['second', '2099-03-02T09:00'],
        ['first', '2099-03-01T09:00'],
      ] as const)
        await planner.client.post('/schedules', desk.body({ name, rule: { kind: 'once', at } }));
    });

    const calendar = (query: string) =>
      planner.client.get<{ runs: { name: string }[]; completeUntil: string }>(`/calendar?${query}`);

    it('shows the due times of all schedules, and up to where it is complete', async () => {
      const all = await calendar('from=2099-03-01T00:00:00Z&to=2099-03-31T00:00:00Z');
      expect(all).toMatchObject({ status: 200, body: { completeUntil: '2099-03-31T00:00:00.000Z' } });
      expect(all.body.runs).toMatchObject([
        { name: 'first', dueAt: '2099-03-01T09:00:00.000Z', localTime: '2099-03-01T09:00:00' },
        { name: 'second' },
      ]);
      const one = await calendar('from=2099-03-01T00:00:00Z&to=2099-03-31T00:00:00Z&limit=1');
      expect(one.body.runs.map(({ name }) => name)).toEqual(['first']);
      expect(one.body.completeUntil).toBe('2099-03-02T08:59:59.999Z');
      expect(await calendar('from=2099-03-01T00:00:00Z&to=2199-03-31T00:00:00Z')).toMatchObject({
        status: 400,
      });
      expect(await calendar('from=2099-03-31T00:00:00Z&to=2099-03-01T00:00:00Z')).toMatchObject({
        status: 400,
      });
    });

    it('has a feed at a secret address that can be taken back', async () => {
      await planner.client.post(
        '/schedules',
        desk.body({ name: 'Daily', rule: { kind: 'cron', expression: '0 9 * * *' } }),
      );
      expect((await planner.client.get('/calendar/feed')).body).toEqual({ createdAt: null });
      const made = await planner.client.post('/calendar/feed');
      expect(made.status).toBe(201);
      const address = `${application.url}${String(made.body['path'])}`;
      const feed = await fetch(address);
      expect([feed.status, feed.headers.get('content-type')]).toEqual([200, 'text/calendar; charset=utf-8']);
      const text = await feed.text();
      expect(text.match(/^SUMMARY:Daily\r$/gm)?.length).toBeGreaterThanOrEqual(59);
      const again = await planner.client.post('/calendar/feed');
      expect((await fetch(address)).status).toBe(404);
      expect((await planner.client.delete('/calendar/feed')).status).toBe(204);
      expect((await fetch(`${application.url}${String(again.body['path'])}`)).status).toBe(404);
    });

    it('gives out what it takes in, as JSON and as CSV', async () => {
      const given = await planner.client.get<{ schedules: { name: string }[] }>('/schedules/export');
      expect(given.body.schedules.map(({ name }) => name)).toEqual(['Daily', 'first', 'second']);
      const { schedules } = given.body;
      const taken = await planner.client.post<{ ids: string[] }>('/schedules/import', { schedules });
      expect(taken).toMatchObject({ status: 201 });
      expect(taken.body.ids).toHaveLength(3);
      const response = await fetch(`${application.url}/api/v1/schedules/export.csv`, {
        headers: { authorization: `Bearer ${planner.accessToken}` },
      });
      const csv = await response.text();
      const fromCsv = await planner.client.post<{ ids: string[] }>('/schedules/import-csv', { csv });
      expect(fromCsv.body.ids).toHaveLength(6);
      const exported = await planner.client.get<{ schedules: object[] }>('/schedules/export');
      expect(exported.body.schedules).toHaveLength(12);
      expect(exported.body.schedules).toEqual(expect.arrayContaining(given.body.schedules));
    });

    it('takes in a thousand at once', async () => {
      const messageId = (await planner.client.post('/messages', { content: { kind: 'text', text: 'x' } }))
        .body['id'];
      const { message: _, ...rest } = desk.body({
        rule: { kind: 'calendar', unit: 'day', times: ['09:00'] },
      });
      const schedules = Array.from({ length: 1_000 }, (_, n) => ({ ...rest, name: `n${n}`, messageId }));
      const taken = await planner.client.post<{ ids: string[] }>('/schedules/import', { schedules });
      expect(taken).toMatchObject({ status: 201 });
      expect(new Set(taken.body.ids).size).toBe(1_000);
      for (let n = 0; n < 1_000; n += 500)
        await planner.client.post('/schedules/bulk', {
          action: 'delete',
          ids: taken.body.ids.slice(n, n + 500),
        });
    });

    it('takes in all or nothing, and names what is wrong', async () => {
      const count = async () =>
        (await planner.client.get<{ schedules: object[] }>('/schedules/export')).body.schedules.length;
      const before = await count();
      const wrong = await planner.client.post('/schedules/import', {
        schedules: [desk.body({}), desk.body({ rule: { kind: 'once', at: '2020-01-01T00:00' } })],
      });
      expect(wrong).toMatchObject({ status: 400, body: { errors: [{ field: 'schedules.1.rule.at' }] } });
      const stranger = { to: 'chats', chatIds: ['019aaaaa-0000-7000-8000-000000000001'] };
      const unknown = await planner.client.post('/schedules/import', {
        schedules: [desk.body({}), desk.body({ audience: stranger })],
      });
      expect(unknown).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'schedules.1.audience.chatIds.0', code: 'unknown_chat' }] },
      });
      const csv = await planner.client.post('/schedules/import-csv', {
        csv: 'name,rule\nx,"{""kind"":""lunar""}"',
      });
      expect(csv).toMatchObject({ status: 400 });
      expect(JSON.stringify(csv.body['errors'])).toContain('schedules.0.rule');
      expect(await planner.client.post('/schedules/import-csv', { csv: 'colour\nred' })).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'csv', code: 'invalid_csv' }] },
      });
      expect(await count()).toBe(before);
    });

    it('changes many at once and says what became of each', async () => {
      const ids = (
        await planner.client.get<{ items: { id: string; name: string }[] }>('/schedules?limit=200')
      ).body.items;
      const [daily, first] = ['Daily', 'first'].map((name) => ids.find((one) => one.name === name)!.id);
      const foreign = await desk.create();
      const bulk = (change: object) =>
        planner.client.post<{ results: { isDone: boolean }[] }>('/schedules/bulk', change);
      const shifted = await bulk({ action: 'shift', ids: [daily, first, foreign], seconds: 3600 });
      expect(shifted.body.results.map(({ isDone }) => isDone)).toEqual([false, true, false]);
      expect((await planner.client.get(`/schedules/${first}`)).body['nextRunAt']).toBe(
        '2099-03-01T10:00:00.000Z',
      );
      expect((await bulk({ action: 'pause', ids: [daily, first] })).body.results).toEqual([
        { isDone: true, problem: null },
        { isDone: true, problem: null },
      ]);
      await bulk({ action: 'resume', ids: [daily] });
      await bulk({ action: 'delete', ids: [first, foreign] });
      expect((await planner.client.get(`/schedules/${daily}`)).body['state']).toBe('active');
      expect((await planner.client.get(`/schedules/${first}`)).status).toBe(404);
      expect((await desk.read(foreign))['state']).toBe('active');
    });
  });
});
