import { type SignedUpTenant } from '../../harness/accounts.js';
import { BotScene, type SceneBot, waitUntil } from '../bots/bot-scene.js';
import { ScheduleDesk } from './schedule-desk.js';

jest.setTimeout(90_000);

interface Zone {
  timeZone: string;
  nextRunAt: string | null;
  runs: number;
}
const [TOKYO, LISBON, LIMA] = ['Asia/Tokyo', 'Europe/Lisbon', 'America/Lima'];

describe('local times', () => {
  let scene: BotScene;
  let tenant: SignedUpTenant;
  let desk: ScheduleDesk;
  let bot: SceneBot;
  const people: Record<string, { personId: number; chatId: string }> = {};

  const join = async (name: string): Promise<void> => {
    const personId = await scene.control.createPerson(name);
    await scene.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
    const chat = await waitUntil(async () => {
      const { items } = (await tenant.client.get<{ items: { id: string }[] }>(`/chats?search=${name}`)).body;
      return items[0];
    });
    people[name] = { personId, chatId: chat.id };
  };
  const chatOf = async (name: string) => (await tenant.client.get(`/chats/${people[name]?.chatId}`)).body;
  const setZone = (name: string, timeZone: string) =>
    tenant.client.put(`/chats/${people[name]?.chatId}/time-zone`, { timeZone });
  const zonesOf = async (id: string): Promise<Zone[]> =>
    (await tenant.client.get<{ zones: Zone[] }>(`/schedules/${id}`)).body.zones;
  const outcomes = async (id: string) =>
    (await desk.occurrences(id)).map(({ timeZone, state, reason }) =>
      `${timeZone} ${state} ${reason ?? ''}`.trim(),
    );
  /** Makes these zones due at one instant, and tells the ticker. */
  const letBeDue = async (id: string, ...zones: string[]) => {
    await scene.look(
      `UPDATE schedules s SET next_run_at = due.at, zone_runs = zone_runs || (
           SELECT jsonb_object_agg(zone, jsonb_build_object('nextRunAt', due.text, 'runs', 0)) FROM unnest($2::text[]) AS zone)
         FROM (SELECT at, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS text
                 FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS at) AS now) AS due
        WHERE s.id = $1`,
      [id, zones],
    );
    await scene.look('NOTIFY arauto_schedules');
  };
  const reached = (id: string) =>
    scene.look<{ chat: string; zone: string }>(
      `SELECT c.id AS chat, b.time_zone AS zone FROM deliveries d JOIN broadcasts b ON b.no = d.source_no AND d.class = 1
         JOIN chats c ON c.no = d.chat_no WHERE b.schedule_id = $1 ORDER BY b.time_zone`,
      [id],
    );

  beforeAll(async () => {
    scene = await BotScene.open();
    await scene.start('api,worker,poller,scheduler');
    tenant = await scene.signUp();
    desk = new ScheduleDesk(tenant.client, {
      rule: { kind: 'cron', expression: '0 9 * * *' },
      localTimeOf: 'chat',
    });
    bot = await scene.connect(tenant);
    for (const name of ['Ana', 'Bia', 'Caio']) await join(name);
  });
  afterAll(() => scene.end());

  it('knows where a chat is from the best that anybody said, and shows from whom', async () => {
    expect(await chatOf('Ana')).toMatchObject({ timeZone: 'UTC', timeZoneSource: 'tenant' });
    const changed = await tenant.client.patch(`/bots/${bot.id}`, { timeZone: LISBON });
    expect(changed).toMatchObject({ status: 200, body: { timeZone: LISBON } });
    expect(await chatOf('Ana')).toMatchObject({ timeZone: LISBON, timeZoneSource: 'bot' });
    expect(await setZone('Ana', LIMA)).toMatchObject({
      status: 200,
      body: { timeZone: LIMA, timeZoneSource: 'api' },
    });
    const imported = await tenant.client.post('/chats/time-zones', {
      chats: [{ chatId: people['Ana']?.chatId, timeZone: 'UTC' }],
    });
    expect(imported).toMatchObject({ status: 200, body: { chats: 1 } });
    expect(await chatOf('Ana')).toMatchObject({ timeZone: 'UTC', timeZoneSource: 'import' });
    await scene.control.must('POST', `/people/${people['Ana']?.personId}/message`, {
      botId: bot.sandboxId,
      text: '/timezone Tokyo',
    });
    await waitUntil(async () => (await chatOf('Ana'))['timeZoneSource'] === 'chosen');
    expect(await chatOf('Ana')).toMatchObject({ timeZone: TOKYO });
    await setZone('Bia', LIMA);
    expect(await tenant.client.delete(`/chats/${people['Bia']?.chatId}/time-zone`)).toMatchObject({
      body: { timeZone: LISBON, timeZoneSource: 'bot' },
    });
    expect(await setZone('Bia', 'Mars/Base')).toMatchObject({ status: 400 });
    const unknown = { chatId: '01900000-0000-7000-8000-000000000000', timeZone: 'UTC' };
    expect(await tenant.client.post('/chats/time-zones', { chats: [unknown] })).toMatchObject({
      status: 400,
    });
  });

  it('shows when it runs in each zone', async () => {
    await setZone('Caio', LIMA);
    const preview = await tenant.client.post<{
      zones: { timeZone: string; runs: { localTime: string }[] }[];
    }>('/schedules/preview', {
      rule: { kind: 'cron', expression: '0 9 * * *' },
      localTimeOf: 'chat',
      count: 2,
      language: 'en',
    });
    expect(preview).toMatchObject({
      status: 200,
      body: { sentence: 'Every day at 09:00 (local time of each chat).' },
    });
    const { zones } = preview.body;
    expect(zones.map(({ timeZone }) => timeZone)).toEqual([LIMA, TOKYO, LISBON]);
    for (const { runs } of zones)
      expect(runs.map(({ localTime }) => localTime.slice(11))).toEqual(['09:00:00', '09:00:00']);
    const ofBots = { rule: { kind: 'cron', expression: '0 9 * * *' }, localTimeOf: 'bot' };
    expect((await tenant.client.post('/schedules/preview', ofBots)).body['zones']).toMatchObject([
      { timeZone: LISBON },
    ]);
    const both = { ...ofBots, timeZone: LISBON };
    expect(await tenant.client.post('/schedules/preview', both)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'timeZone', code: 'many_zones' }] },
    });
  });

  it('sends to the chats of each zone when it is due there, also where two are due at one instant', async () => {
    const id = await desk.create();
    expect((await zonesOf(id)).map(({ timeZone }) => timeZone).sort()).toEqual([LIMA, TOKYO, LISBON]);
    await letBeDue(id, TOKYO, LIMA);
    await waitUntil(async () => (await reached(id)).length === 2);
    expect(await reached(id)).toEqual([
      { chat: people['Caio']?.chatId, zone: LIMA },
      { chat: people['Ana']?.chatId, zone: TOKYO },
    ]);
    const [one, other] = await desk.occurrences(id);
    expect(one?.dueAt).toBe(other?.dueAt);
    expect(one?.broadcastId).not.toBe(other?.broadcastId);
    await letBeDue(id, LISBON);
    await waitUntil(async () => (await reached(id)).length === 3);
    expect(await reached(id)).toContainEqual({ chat: people['Bia']?.chatId, zone: LISBON });
    for (const { nextRunAt, timeZone } of await zonesOf(id))
      expect(
        new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' }).format(new Date(nextRunAt ?? 0)),
      ).toBe('09:00');
    const calendar = await tenant.client.get<{ runs: { scheduleId: string; timeZone: string }[] }>(
      '/calendar',
    );
    const shown = calendar.body.runs.filter(({ scheduleId }) => scheduleId === id);
    expect(new Set(shown.map(({ timeZone }) => timeZone))).toEqual(new Set([LIMA, TOKYO, LISBON]));
  });

  it('finds a zone that is new among its chats, and begins there from now on', async () => {
    const id = await desk.create();
    await join('Dora');
    await scene.control.must('POST', `/people/${people['Dora']?.personId}/message`, {
      botId: bot.sandboxId,
      text: '/timezone Pacific/Auckland',
    });
    await waitUntil(async () => (await zonesOf(id)).some(({ timeZone }) => timeZone === 'Pacific/Auckland'));
    expect(await outcomes(id)).toEqual([]);
    await tenant.client.delete(`/chats/${people['Dora']?.chatId}/time-zone`);
  });

  it('says where nobody of its audience lives', async () => {
    const id = await desk.create({ audience: { to: 'chats', chatIds: [people['Ana']?.chatId] } });
    await letBeDue(id, TOKYO, LIMA);
    await waitUntil(async () => (await outcomes(id)).length === 2);
    await waitUntil(async () => (await outcomes(id)).every((one) => !one.includes('waiting')));
    expect((await outcomes(id)).sort()).toEqual([`${LIMA} skipped no_chats`, `${TOKYO} started`]);
  });

  it('lets broadcasts overlap by zone', async () => {
    await tenant.client.post(`/bots/${bot.id}/pause`);
    const id = await desk.create({ overlapPolicy: 'skip' });
    await letBeDue(id, TOKYO);
    await waitUntil(async () => (await outcomes(id)).join() === `${TOKYO} started`);
    await letBeDue(id, TOKYO, LIMA);
    await waitUntil(async () => (await outcomes(id)).length === 3);
    await waitUntil(async () => (await outcomes(id)).every((one) => !one.includes('waiting')));
    expect((await outcomes(id)).sort()).toEqual([
      `${LIMA} started`,
      `${TOKYO} skipped previous_running`,
      `${TOKYO} started`,
    ]);
    await tenant.client.post(`/bots/${bot.id}/resume`);
  });

  it('changes between one zone and many, pauses and goes on', async () => {
    const id = await desk.create();
    const patch = (change: object) => tenant.client.patch(`/schedules/${id}`, change);
    expect(await patch({ timeZone: LIMA })).toMatchObject({ status: 400 });
    expect(await patch({ localTimeOf: 'tenant', timeZone: LIMA })).toMatchObject({
      body: { localTimeOf: 'tenant', timeZone: LIMA, zones: null },
    });
    expect(await patch({ localTimeOf: 'bot' })).toMatchObject({
      body: { localTimeOf: 'bot', zones: [{ timeZone: LISBON, runs: 0 }] },
    });
    await tenant.client.post(`/schedules/${id}/pause`);
    expect(await tenant.client.post(`/schedules/${id}/resume`)).toMatchObject({
      body: { state: 'active', nextRunAt: expect.any(String) as string },
    });
    const { body } = await tenant.client.get<{ schedules: object[] }>('/schedules/export');
    expect(body.schedules[0]).toMatchObject({ localTimeOf: 'bot' });
    expect(body.schedules[0]).not.toHaveProperty('timeZone');
  });
});
