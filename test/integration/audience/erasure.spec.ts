import { type SceneBot, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';

jest.setTimeout(120_000);

/** Names that occur nowhere else; the person's number doesn't either. */
const FIRST_NAME = 'Canaryfirst';
const LAST_NAME = 'Canarylast';
const USERNAME = 'canary_username';

describe('erasing a person', () => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;
  let other: SceneBot;
  let person: number;
  let broadcastId: string;
  let contactId: string;

  const contacts = async () =>
    (
      await tenant.client.get<{ items: { id: string; botId: string }[] }>(
        `/contacts?telegramUserId=${person}`,
      )
    ).body.items;

  /** Tables and how many of their rows show the person, by name or by number. */
  const findTraces = async (): Promise<Record<string, number>> => {
    const tables = await scene.look<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
         AND relkind IN ('r', 'p') AND NOT relispartition`,
    );
    const found: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await scene.look<{ count: number }>(
        `SELECT count(*)::int AS count FROM ${name} t WHERE t::text ~* $1`,
        [`${FIRST_NAME}|${LAST_NAME}|${USERNAME}|\\y${person}\\y`],
      );
      if (row!.count > 0) found[name] = row!.count;
    }
    return found;
  };

  beforeAll(async () => {
    scene = await DeliveryScene.open({ ...UNPACED, WEBHOOK_PRIVATE_TARGETS: 'true' });
    await scene.start();
    tenant = await scene.signUp();
    await tenant.client.post('/webhooks', {
      url: 'http://127.0.0.1:9/',
      events: ['contact.created', 'chat.stopped', 'contact.erased'],
    });
    [bot, other] = [await tenant.connectBot(), await tenant.connectBot()];
    const { people } = await tenant.control.must<{ people: { id: number }[] }>('POST', '/people', {
      firstName: FIRST_NAME,
      lastName: LAST_NAME,
      username: USERNAME,
    });
    person = people[0]!.id;
    for (const { telegramId } of [bot, other])
      await tenant.control.must('POST', '/actions/start', { botId: telegramId, personIds: [person] });
    await waitUntil(async () => (await contacts()).length === 2, 30_000);
    await tenant.startPeople(bot, 2);
    contactId = (await contacts()).find(({ botId }) => botId === bot.id)!.id;
    const group = await tenant.addGroup(bot);
    await tenant.control.must('POST', `/groups/${group}/members`, { personIds: [person] });
    await tenant.control.must('POST', `/groups/${group}/message`, {
      personId: person,
      text: `/help@${(await tenant.client.get<{ username: string }>(`/bots/${bot.id}`)).body.username}`,
    });
    const chat = await tenant.chatOf(bot, person);
    await tenant.client.put(`/chats/${chat.id}/tags/customers`);
    const broadcast = await tenant.client.post<{ id: string }>(
      '/broadcasts',
      {
        message: { kind: 'text', text: 'Hello {{first_name|friend}}' },
        audience: { to: 'chats', chatIds: [chat.id] },
      },
      { 'idempotency-key': 'names-a-chat' },
    );
    expect(broadcast).toMatchObject({ status: 201 });
    await tenant.untilEnded(broadcast.body.id);
    broadcastId = (await tenant.broadcast('Hello {{first_name|friend}}')).id;
    await tenant.untilEnded(broadcastId);
    await tenant.control.must('POST', `/people/${person}/message`, { botId: bot.telegramId, text: '/stop' });
    await waitUntil(async () => (await tenant.chatOf(bot, person)).state === 'stopped', 20_000);
    await waitUntil(
      async () => (await scene.look('SELECT FROM updates WHERE settled_at IS NULL')).length === 0,
    );
  });
  afterAll(() => scene.end());

  it('takes everything about them from every table, at all bots of the tenant, and nothing else', async () => {
    const before = await findTraces();
    expect(Object.keys(before)).toEqual(
      expect.arrayContaining(['chats', 'contacts', 'replies', 'updates', 'webhook_deliveries']),
    );
    const report = await tenant.report(broadcastId);
    const chats = (await tenant.chats(bot)).length;

    expect((await tenant.client.post(`/contacts/${contactId}/erase`)).status).toBe(204);
    // What the lanes remember of the pace is gone by itself within a minute, and names chats by our number.
    expect(await findTraces()).toEqual({});
    expect(await contacts()).toEqual([]);
    expect(await tenant.report(broadcastId)).toEqual(report);
    expect((await tenant.chats(bot)).length).toBe(chats - 1);
    const deliveries = await tenant.deliveries(broadcastId);
    expect(deliveries.filter(({ chatId }) => chatId === null)).toHaveLength(2);
    expect(await scene.look(`SELECT FROM idempotency_keys WHERE key = 'names-a-chat'`)).toEqual([]);
    const told = await scene.look<{ data: unknown }>(
      `SELECT data FROM webhook_deliveries WHERE event = 'contact.erased'`,
    );
    expect(told).toHaveLength(2);
    const audit = await tenant.client.get<{ items: unknown[] }>('/tenant/audit?action=contact.erased');
    expect(audit.body.items).toHaveLength(2);
    expect((await tenant.client.get('/tenant/audit/verification')).body).toMatchObject({ isWhole: true });
    expect((await tenant.client.post(`/contacts/${contactId}/erase`)).status).toBe(404);
  });

  it('lets them be somebody new when they write again', async () => {
    await tenant.control.must('POST', '/actions/start', { botId: bot.telegramId, personIds: [person] });
    await waitUntil(async () => (await contacts()).length === 1, 20_000);
    const [contact] = await contacts();
    expect(contact!.id).not.toBe(contactId);
    expect(await tenant.chatOf(bot, person)).toMatchObject({ state: 'active' });
  });

  it('passes over what waited for them', async () => {
    await tenant.client.post(`/bots/${bot.id}/pause`);
    const { id } = await tenant.broadcast('Later');
    await tenant.untilPlanned(id);
    const [contact] = await contacts();
    expect((await tenant.client.post(`/contacts/${contact!.id}/erase`)).status).toBe(204);
    await tenant.client.post(`/bots/${bot.id}/resume`);
    const report = await tenant.untilEnded(id);
    expect(report.counts.reasons).toContainEqual({ state: 'skipped', reason: 'chat_gone', count: 1 });
  });
});
