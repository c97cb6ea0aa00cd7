import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { signUpTenant, type SignedUpTenant } from '../../harness/accounts.js';

const ABSENT = '019aaaaa-0000-7000-8000-000000000001';
const schedule = {
  name: 'Greeting',
  message: { kind: 'text', text: 'Hi {{first_name|friend}}' },
  audience: { to: 'everybody' },
  rule: { kind: 'cron', expression: '0 9 * * MON-FRI' },
};

describe('schedules over HTTP on a real database', () => {
  let application: TestApplication;
  let tenant: SignedUpTenant;
  let stranger: SignedUpTenant;

  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    tenant = await signUpTenant(application.url);
    stranger = await signUpTenant(application.url);
    await tenant.client.patch('/tenant', { timeZone: 'America/Sao_Paulo' });
  });
  afterAll(() => application.close());

  const create = async (more: object = {}) => {
    const answer = await tenant.client.post('/schedules', { ...schedule, ...more });
    expect(answer.status).toBe(201);
    return { ...answer.body, path: `/schedules/${String(answer.body['id'])}` } as Record<string, unknown> & {
      path: string;
    };
  };

  it("is created in the tenant's zone with its next due time", async () => {
    const { path, ...created } = await create();
    expect(created).toMatchObject({
      name: 'Greeting',
      timeZone: 'America/Sao_Paulo',
      rule: schedule.rule,
      audience: schedule.audience,
      state: 'active',
      reason: null,
      lastRunAt: null,
      nextRunAt: expect.stringMatching(/T12:00:00.000Z$/) as string,
    });
    expect(await tenant.client.get(path)).toMatchObject({ status: 200, body: created });
    const listed = await tenant.client.get<{ items: unknown[] }>('/schedules');
    expect(listed.body.items[0]).toEqual(created);
    const message = await tenant.client.get(`/messages/${String(created['messageId'])}`);
    expect(message.body['content']).toEqual(schedule.message);
  });

  it('lists by state', async () => {
    const { id, path } = await create();
    await tenant.client.post(`${path}/pause`);
    const idsOf = async (state: string) => {
      const { body } = await tenant.client.get<{ items: { id: string; state: string }[] }>(
        `/schedules?limit=200&state=${state}`,
      );
      expect(body.items.every((item) => item.state === state)).toBe(true);
      return body.items.map((item) => item.id);
    };
    expect(await idsOf('paused')).toContain(id);
    expect(await idsOf('active')).not.toContain(id);
    expect((await tenant.client.get('/schedules?state=lost')).status).toBe(400);
  });

  it('anchors an interval for ever', async () => {
    const created = await create({ rule: { kind: 'interval', everySeconds: 3600 } });
    expect(created['rule']).toEqual({ kind: 'interval', everySeconds: 3600, startAt: created['nextRunAt'] });
  });

  it('uses a message that is there already, which then stays', async () => {
    const message = await tenant.client.post('/messages', { content: schedule.message });
    const messageId = String(message.body['id']);
    const { path } = await create({ message: undefined, messageId });
    expect(await tenant.client.delete(`/messages/${messageId}`)).toMatchObject({
      status: 409,
      body: { code: 'message_in_use', detail: expect.stringContaining('"Greeting"') as string },
    });
    expect((await tenant.client.delete(path)).status).toBe(204);
    expect((await tenant.client.delete(`/messages/${messageId}`)).status).toBe(204);
    expect(
      await tenant.client.post('/schedules', { ...schedule, message: undefined, messageId }),
    ).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'messageId', code: 'unknown_message' }] },
    });
  });

  it('changes what is named and counts a new rule from now', async () => {
    const { path } = await create();
    const renamed = await tenant.client.patch(path, { name: 'Other' });
    expect(renamed).toMatchObject({ status: 200, body: { name: 'Other', rule: schedule.rule } });
    const moved = await tenant.client.patch(path, {
      rule: { kind: 'once', at: '2099-01-01T09:00' },
      timeZone: 'Europe/Lisbon',
    });
    expect(moved.body).toMatchObject({ name: 'Other', nextRunAt: '2099-01-01T09:00:00.000Z' });
    const zoned = await tenant.client.patch(path, { timeZone: 'Asia/Tokyo' });
    expect(zoned.body['nextRunAt']).toBe('2099-01-01T00:00:00.000Z');
    const worded = await tenant.client.patch(path, { message: { kind: 'text', text: 'Bye' } });
    expect(worded.body['messageId']).not.toBe(renamed.body['messageId']);
    expect(worded.body['nextRunAt']).toBe('2099-01-01T00:00:00.000Z');
  });

  it('pauses and resumes', async () => {
    const { path, nextRunAt } = await create();
    for (let time = 0; time < 2; time++)
      expect(await tenant.client.post(`${path}/pause`)).toMatchObject({
        status: 200,
        body: { state: 'paused', nextRunAt: null },
      });
    expect(
      (await tenant.client.patch(path, { rule: { kind: 'cron', expression: '0 10 * * *' } })).body,
    ).toMatchObject({
      state: 'paused',
      nextRunAt: null,
    });
    await tenant.client.patch(path, { rule: schedule.rule });
    for (let time = 0; time < 2; time++)
      expect(await tenant.client.post(`${path}/resume`)).toMatchObject({
        status: 200,
        body: { state: 'active', nextRunAt },
      });
  });

  it('previews ten due times with their local time and offset', async () => {
    const { path } = await create({
      timeZone: 'Europe/Lisbon',
      rule: { kind: 'once', at: '2099-07-01T09:00' },
    });
    expect(await tenant.client.get(`${path}/preview`)).toMatchObject({
      status: 200,
      body: {
        timeZone: 'Europe/Lisbon',
        runs: [{ dueAt: '2099-07-01T08:00:00.000Z', localTime: '2099-07-01T09:00:00', offset: '+01:00' }],
      },
    });
    const before = await tenant.client.post<{ runs: { dueAt: string; offset: string }[] }>(
      '/schedules/preview',
      {
        rule: schedule.rule,
      },
    );
    expect(before).toMatchObject({ status: 200, body: { timeZone: 'America/Sao_Paulo' } });
    expect(before.body.runs).toHaveLength(10);
    expect(before.body.runs.every((run) => run.offset === '-03:00')).toBe(true);
    const three = await tenant.client.get<{ runs: unknown[] }>(`${(await create()).path}/preview?count=3`);
    expect(three.body.runs).toHaveLength(3);
  });

  it.each([
    ['a bad cron line', { rule: { kind: 'cron', expression: '61 * * * *' } }, 'rule.expression'],
    [
      'a cron line without any due time',
      { rule: { kind: 'cron', expression: '0 0 30 2 *' } },
      'rule.expression',
    ],
    ['a time in the past', { rule: { kind: 'once', at: '2020-01-01T00:00' } }, 'rule.at'],
    ['an impossible date', { rule: { kind: 'once', at: '2099-02-30T00:00' } }, 'rule.at'],
    ['an unknown zone', { timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['an offset for a zone', { timeZone: '+03:00' }, 'timeZone'],
    [
      'an interval that ends before it runs',
      { rule: { kind: 'interval', everySeconds: 60, endAt: '2020-01-01T00:00' } },
      'rule.endAt',
    ],
    ['no interval', { rule: { kind: 'interval', everySeconds: 0 } }, 'rule.everySeconds'],
    ['two messages', { messageId: ABSENT }, 'message'],
    ['no message', { message: undefined }, 'message'],
    ['an absent message', { message: undefined, messageId: ABSENT }, 'messageId'],
    ['a message over the limit', { message: { kind: 'text', text: 'x'.repeat(4097) } }, 'message.text'],
    ['an absent file', { message: { kind: 'photo', assetId: ABSENT } }, 'message.assetId'],
    ['a name of blanks', { name: '  ' }, 'name'],
    ['an unknown field', { cron: 'x' }, 'cron'],
    ['an unknown audience', { audience: { to: 'nobody' } }, 'audience.to'],
  ])('answers %s with 400 and keeps nothing', async (_, more, field) => {
    const count = async () =>
      (await tenant.client.get<{ items: unknown[] }>('/messages?limit=200')).body.items.length +
      (await tenant.client.get<{ items: unknown[] }>('/schedules?limit=200')).body.items.length;
    const before = await count();
    const answer = await tenant.client.post('/schedules', { ...schedule, ...more });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    const errors = answer.body['errors'] as { field: string; message: string }[];
    expect(errors.map((error) => error.field)).toContain(field);
    expect(await count()).toBe(before);
  });

  it('refuses a change of nothing', async () => {
    expect((await tenant.client.patch((await create()).path, {})).status).toBe(400);
  });

  it('shows nothing to another tenant', async () => {
    const { path } = await create();
    const calls = [
      stranger.client.get(path),
      stranger.client.get(`${path}/preview`),
      stranger.client.get(`${path}/occurrences`),
      stranger.client.patch(path, { name: 'x' }),
      stranger.client.post(`${path}/pause`),
      stranger.client.post(`${path}/resume`),
      stranger.client.delete(path),
    ];
    expect((await Promise.all(calls)).map((answer) => answer.status)).toEqual(Array(7).fill(404));
    expect((await stranger.client.get('/schedules')).body['items']).toEqual([]);
    expect((await tenant.client.get(path)).body['state']).toBe('active');
    expect((await tenant.client.get('/schedules/1')).status).toBe(400);
  });
});
