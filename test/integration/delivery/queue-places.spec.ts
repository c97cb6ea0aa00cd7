import { type SceneBot, type SceneTenant } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { type DeliveryScene } from './delivery-scene.js';
import { queuePlaces } from './queue-places.js';

jest.setTimeout(120_000);

/** What must hold wherever the queue lives. */
describe.each(queuePlaces())('with the queue on $name', (place) => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await place.open();
    await scene.start();
  });
  afterAll(async () => {
    await scene.end();
    await place.close();
  });

  beforeEach(async () => {
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
  });
  afterEach(async () => {
    expect((await tenant.summary()).duplicates.surplus).toBe(0);
  });

  it('everybody is reached once, over several bots', async () => {
    const other = await tenant.connectBot();
    await Promise.all([tenant.startPeople(bot, 40), tenant.startPeople(other, 30)]);
    const { id } = await tenant.broadcast('To all');
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { accepted: 70, sent: 70 },
    });
    expect(await tenant.ledger('To all')).toHaveLength(70);
  });

  it('a schedule starts its broadcast once', async () => {
    await tenant.startPeople(bot, 10);
    const schedule = await tenant.client.post<{ id: string }>('/schedules', {
      name: 'Once',
      message: { kind: 'text', text: 'On time' },
      audience: { to: 'everybody' },
      rule: { kind: 'once', at: new Date(Date.now() + 1_000).toISOString() },
    });
    expect(schedule.status).toBe(201);
    const started = async () =>
      (await tenant.client.get<{ items: { id: string }[] }>(`/broadcasts?scheduleId=${schedule.body.id}`))
        .body.items;
    await waitUntil(async () => (await started()).length > 0, 30_000);
    const [broadcast] = await started();
    expect(await tenant.untilEnded(broadcast!.id)).toMatchObject({ state: 'finished', counts: { sent: 10 } });
    expect(await tenant.ledger('On time')).toHaveLength(10);
    expect(await started()).toHaveLength(1);
  });

  it('people are answered', async () => {
    const people = await tenant.startPeople(bot, 20);
    for (const person of people) {
      await tenant.control.must('POST', `/people/${person}/message`, {
        botId: bot.telegramId,
        text: '/help',
      });
    }
    await waitUntil(async () => (await tenant.ledger('Herald sends you')).length === 20, 30_000);
  });

  it('a broadcast is cancelled in the middle', async () => {
    await tenant.startPeople(bot, 200);
    await tenant.control.must('PUT', '/latency', { minimumMs: 500 });
    const { id } = await tenant.broadcast('Half of it');
    await tenant.until(id, ({ counts }) => counts.sent >= 1);
    await tenant.client.post(`/broadcasts/${id}/cancel`);
    const { state, counts } = await tenant.untilEnded(id);
    expect(state).toBe('cancelled');
    expect(counts.cancelled).toBeGreaterThan(0);
    expect(counts.sent + counts.cancelled).toBe(200);
    expect(await tenant.ledger('Half of it')).toHaveLength(counts.sent);
  });

  it('a bot is paused and resumed in the middle', async () => {
    await tenant.startPeople(bot, 200);
    await tenant.control.must('PUT', '/latency', { minimumMs: 500 });
    const { id } = await tenant.broadcast('In two parts');
    await tenant.until(id, ({ counts }) => counts.sent >= 1);
    await tenant.client.post(`/bots/${bot.id}/pause`);
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);
    const { counts } = await tenant.report(id);
    expect(counts.queued).toBeGreaterThan(0);
    expect(await tenant.ledger('In two parts')).toHaveLength(counts.sent);
    await tenant.client.post(`/bots/${bot.id}/resume`);
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { sent: 200, unknown: 0 },
    });
  });
});
