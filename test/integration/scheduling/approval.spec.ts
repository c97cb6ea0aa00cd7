import { PASSWORD, type SignedUpTenant } from '../../harness/accounts.js';
import { type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { BotScene, waitUntil } from '../bots/bot-scene.js';

jest.setTimeout(60_000);

interface Schedule {
  id: string;
  state: string;
  refusal: string | null;
  nextRunAt: string | null;
}
const often = { kind: 'interval', everySeconds: 1 };

describe('approval', () => {
  let scene: BotScene;
  let application: TestApplication;
  let tenant: SignedUpTenant;
  let editor: ApiClient;

  const schedule = (rule: object = often) => ({
    name: 'x',
    message: { kind: 'text', text: 'x' },
    audience: { to: 'everybody' },
    rule,
  });
  const create = async (client: ApiClient, rule?: object): Promise<Schedule> => {
    const made = await client.post<Schedule>('/schedules', schedule(rule));
    expect(made).toMatchObject({ status: 201 });
    return made.body;
  };
  const read = async (id: string) => (await editor.get<Schedule>(`/schedules/${id}`)).body;
  const require = (isRequired: boolean) => tenant.client.put('/tenant/schedule-approval', { isRequired });
  const outcomes = async (id: string) =>
    (
      await tenant.client.get<{ items: { state: string; reason: string | null }[] }>(
        `/schedules/${id}/occurrences?limit=200`,
      )
    ).body.items;
  const log = async (id: string) =>
    (
      await tenant.client.get<{ items: { action: string; subjectId: string; details: object }[] }>(
        '/tenant/audit?limit=200',
      )
    ).body.items.filter(({ subjectId }) => subjectId === id);

  beforeAll(async () => {
    scene = await BotScene.open();
    application = await scene.start('api,scheduler');
    await scene.start('scheduler');
    tenant = await scene.signUp();
    const person = await scene.signUp('editor');
    await scene.look(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'editor')`, [
      tenant.tenantId,
      person.userId,
    ]);
    const signedIn = await new ApiClient(application.url).post<{ accessToken: string }>('/auth/sign-in', {
      email: person.email,
      password: PASSWORD,
      tenantId: tenant.tenantId,
    });
    editor = new ApiClient(application.url, signedIn.body.accessToken);
  });
  afterAll(() => scene.end());
  beforeEach(() => require(true));

  /** As somebody who has just looked at it. */
  const approve = async (id: string, client = tenant.client) => {
    const { updatedAt } = (await tenant.client.get<{ updatedAt: string }>(`/schedules/${id}`)).body;
    return client.post<Schedule>(`/schedules/${id}/approve`, { updatedAt });
  };

  it('is what only admins ask for and give', async () => {
    expect(await editor.put('/tenant/schedule-approval', { isRequired: false })).toMatchObject({
      status: 403,
    });
    expect(await editor.get('/tenant/schedule-approval')).toMatchObject({ body: { isRequired: true } });
    const { id, state } = await create(editor);
    expect(state).toBe('awaiting_approval');
    expect(await approve(id, editor)).toMatchObject({ status: 403 });
    expect(await editor.post(`/schedules/${id}/refuse`, { reason: 'x' })).toMatchObject({ status: 403 });
    expect(await editor.post(`/schedules/${id}/resume`)).toMatchObject({
      status: 409,
      body: { code: 'awaiting_approval' },
    });
  });

  it('keeps an editor’s schedule from running until it is given, and never an admin’s', async () => {
    const webhook = {
      url: 'https://example.org/',
      events: ['schedule.approval_requested', 'schedule.approved', 'schedule.refused'],
    };
    expect(await tenant.client.post('/webhooks', webhook)).toMatchObject({ status: 201 });
    const [mine, theirs] = [await create(tenant.client), await create(editor)];
    expect([mine.state, theirs.state, theirs.nextRunAt]).toEqual(['active', 'awaiting_approval', null]);
    await waitUntil(async () => (await outcomes(mine.id)).length >= 2);
    await tenant.client.delete(`/schedules/${mine.id}`);
    expect(await outcomes(theirs.id)).toEqual([]);
    expect(await approve(theirs.id)).toMatchObject({
      status: 200,
      body: { state: 'active' },
    });
    await waitUntil(async () => (await outcomes(theirs.id)).some(({ state }) => state === 'started'));
    expect(await approve(theirs.id)).toMatchObject({ status: 409 });
    const actions = (await log(theirs.id)).map(({ action }) => action);
    expect(actions).toEqual(['schedule.approved', 'schedule.approval_requested', 'schedule.created']);
    expect(
      await scene.look(
        `SELECT event FROM webhook_deliveries WHERE data ->> 'scheduleId' = $1 ORDER BY created_at, id`,
        [theirs.id],
      ),
    ).toEqual([{ event: 'schedule.approval_requested' }, { event: 'schedule.approved' }]);
    await tenant.client.delete(`/schedules/${theirs.id}`);
  });

  it('is needed for what an editor puts into a stack, or into the queue of a chat, which keeps its slot', async () => {
    const stacked = {
      name: 'x',
      stack: { messages: [{ message: { kind: 'text', text: 'one' } }], recycle: true },
      audience: { to: 'everybody' },
      rule: { kind: 'cron', expression: '0 9 * * *' },
    };
    const made = await tenant.client.post<Schedule>('/schedules', stacked);
    expect(made).toMatchObject({ status: 201, body: { state: 'active' } });
    const more = { messages: [{ message: { kind: 'text', text: 'two' } }] };
    expect(await editor.post(`/schedules/${made.body.id}/stack`, more)).toMatchObject({ status: 201 });
    expect(await read(made.body.id)).toMatchObject({ state: 'awaiting_approval', nextRunAt: null });

    await scene.connect(tenant);
    const [chat] = await scene.look<{ id: string }>(
      `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type)
       SELECT tenant_id, id, no, -1001, 'channel' FROM bots WHERE tenant_id = $1 RETURNING id`,
      [tenant.tenantId],
    );
    const slots = { slots: [{ weekdays: ['MO'], times: ['09:00'] }] };
    expect(await tenant.client.put(`/chats/${chat!.id}/slots`, slots)).toMatchObject({ status: 200 });
    const add = (client: ApiClient) =>
      client.post<{ posts: { id: string; dueAt: string }[] }>(`/chats/${chat!.id}/posts`, {
        posts: more.messages,
      });
    const [waiting] = (await add(editor)).body.posts;
    const [next] = (await add(tenant.client)).body.posts;
    expect(await read(waiting!.id)).toMatchObject({ state: 'awaiting_approval' });
    expect(next!.dueAt).not.toBe(waiting!.dueAt);
  });

  it('is needed again for a change of what, when or to whom, and for a resumption', async () => {
    const daily = { kind: 'cron', expression: '0 9 * * *' };
    const { id } = await create(editor, daily);
    await approve(id);
    expect(await editor.patch(`/schedules/${id}`, { name: 'y' })).toMatchObject({
      body: { state: 'active' },
    });
    for (const change of [
      { rule: { kind: 'cron', expression: '0 10 * * *' } },
      { message: { kind: 'text', text: 'other' } },
      { audience: { to: 'everybody', chatTypes: ['private'] } },
    ]) {
      expect(await editor.patch(`/schedules/${id}`, change)).toMatchObject({
        body: { state: 'awaiting_approval', nextRunAt: null },
      });
      expect(await tenant.client.patch(`/schedules/${id}`, { maxRuns: 9 })).toMatchObject({
        body: { state: 'awaiting_approval' },
      });
      expect(await approve(id)).toMatchObject({ body: { state: 'active' } });
    }
    await editor.post(`/schedules/${id}/pause`);
    const bulk = await editor.post('/schedules/bulk', { action: 'resume', ids: [id] });
    expect(bulk).toMatchObject({ body: { results: [{ isDone: true }] } });
    expect(await read(id)).toMatchObject({ state: 'awaiting_approval' });
    const imported = await editor.post<{ ids: string[] }>('/schedules/import', { schedules: [schedule()] });
    expect(await read(imported.body.ids[0] ?? '')).toMatchObject({ state: 'awaiting_approval' });
  });

  it('is given for what was looked at, not for what it was changed to since, and asked for anew', async () => {
    const { id } = await create(editor);
    const { updatedAt } = (await tenant.client.get<{ updatedAt: string }>(`/schedules/${id}`)).body;
    await editor.patch(`/schedules/${id}`, { message: { kind: 'text', text: 'smuggled in' } });
    expect(await tenant.client.post(`/schedules/${id}/approve`, { updatedAt })).toMatchObject({
      status: 409,
      body: { code: 'schedule_changed' },
    });
    expect(await read(id)).toMatchObject({ state: 'awaiting_approval' });
    const asked = (await log(id)).filter(({ action }) => action === 'schedule.approval_requested');
    expect(asked).toHaveLength(2);
    expect(await approve(id)).toMatchObject({ status: 200, body: { state: 'active' } });
  });

  it('takes along nothing that was due already and is held', async () => {
    const { id } = await create(tenant.client, { kind: 'interval', everySeconds: 60 });
    await scene.look(
      `INSERT INTO occurrences (tenant_id, schedule_id, due_at, retry_at, reason)
       VALUES ($1, $2, now(), now() + interval '1 hour', 'quiet_hours')`,
      [tenant.tenantId, id],
    );
    await editor.patch(`/schedules/${id}`, { message: { kind: 'text', text: 'not approved' } });
    expect(await outcomes(id)).toEqual([
      expect.objectContaining({ state: 'skipped', reason: 'awaiting_approval' }) as object,
    ]);
  });

  it('makes up by the schedule’s policy what was missed while it waited', async () => {
    const at = new Date(Date.now() - 60_000).toISOString();
    const missed = async (missedPolicy: string) => {
      const { id } = await create(editor, { kind: 'once', at: '2099-01-01T00:00' });
      await scene.look(
        `UPDATE schedules SET rule = jsonb_build_object('kind', 'once', 'at', $2::text), missed_policy = $3,
           paused_at = now() - interval '1 hour' WHERE id = $1`,
        [id, at, missedPolicy],
      );
      return { id, approved: await approve(id) };
    };
    const { id } = await missed('latest');
    await waitUntil(async () => (await outcomes(id))[0]?.state === 'started');
    expect((await missed('skip')).approved).toMatchObject({ status: 409, body: { code: 'schedule_over' } });
  });

  it('is refused with a reason, and asked for again', async () => {
    const { id } = await create(editor);
    const reason = 'Not on a Sunday';
    expect(await tenant.client.post(`/schedules/${id}/refuse`, { reason })).toMatchObject({
      status: 200,
      body: { state: 'paused', refusal: reason },
    });
    expect((await log(id))[0]).toMatchObject({ action: 'schedule.refused', details: { reason } });
    expect(await editor.post(`/schedules/${id}/resume`)).toMatchObject({
      body: { state: 'awaiting_approval', refusal: null },
    });
  });

  it('releases nothing where it is switched off', async () => {
    const { id } = await create(editor);
    await require(false);
    expect(await read(id)).toMatchObject({ state: 'awaiting_approval' });
    expect(await editor.post(`/schedules/${id}/resume`)).toMatchObject({ status: 409 });
    expect(await create(editor)).toMatchObject({ state: 'active' });
  });

  it('is for programs as for people: by their role', async () => {
    const stateBy = async (role: string): Promise<string> => {
      const { body } = await tenant.client.post<{ id: string; key: string }>('/api-keys', {
        name: role,
        scopes: ['schedules:write'],
      });
      await scene.look('UPDATE api_keys SET role = $2 WHERE id = $1', [body.id, role]);
      return (await create(new ApiClient(application.url, body.key))).state;
    };
    expect([await stateBy('editor'), await stateBy('admin')]).toEqual(['awaiting_approval', 'active']);
  });
});
