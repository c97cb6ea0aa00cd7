import { type SceneBot, type SceneTenant } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { type DeliveryScene } from './delivery-scene.js';
import { queuePlaces } from './queue-places.js';

jest.setTimeout(180_000);

const PEOPLE = 60;

/** Everything that the queue says is a hint: what there is to do is in the tables, and the sweep looks there. */
describe.each(queuePlaces())('the queue on $name, lost', (place) => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    // Paced, so that a broadcast lasts long enough to lose something in its middle.
    scene = await place.open({ PACING_CHAT_PER_SECOND: '0', LOG_LEVEL: 'silent' });
    await scene.start();
  });
  afterAll(async () => {
    await scene.end();
    await place.close();
  });

  beforeEach(async () => {
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
    await tenant.startPeople(bot, PEOPLE);
  });

  const expectAllOnce = async (id: string, text: string): Promise<void> => {
    expect(await tenant.untilEnded(id, 90_000)).toMatchObject({
      state: 'finished',
      counts: { accepted: PEOPLE, sent: PEOPLE, failed: 0, unknown: 0 },
    });
    expect(await tenant.ledger(text)).toHaveLength(PEOPLE);
    expect((await tenant.summary()).duplicates.surplus).toBe(0);
  };

  it('after a broadcast was made', async () => {
    const { id } = await tenant.broadcast('Made');
    await place.empty(scene);
    await expectAllOnce(id, 'Made');
  });

  it('when it is half planned', async () => {
    // As a planner leaves it that dies in the middle: some planned, the rest not, and nobody woken.
    const { id } = await tenant.broadcast('Half planned');
    await tenant.until(id, ({ counts }) => counts.sent >= 5);
    await tenant.client.post(`/bots/${bot.id}/pause`);
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);
    const ofBroadcast = `d.class = 1 AND d.source_no = b.no AND c.no = d.chat_no AND b.id = $1`;
    // At once: with nothing left and all planned it would be over.
    await scene.look(
      `WITH reached AS (
         SELECT c.id AS cursor FROM deliveries d, chats c, broadcasts b WHERE ${ofBroadcast} AND d.state <> 0
         ORDER BY c.id DESC LIMIT 1
       ), lost AS (
         DELETE FROM deliveries d USING chats c, broadcasts b, reached WHERE ${ofBroadcast} AND c.id > reached.cursor)
       UPDATE broadcasts b SET state = 'planning', plan_cursor = reached.cursor,
         planned = (SELECT count(*) FROM deliveries d, chats c WHERE ${ofBroadcast} AND c.id <= reached.cursor)
       FROM reached WHERE b.id = $1`,
      [id],
    );
    expect((await tenant.report(id)).counts.accepted).toBeLessThan(PEOPLE);
    await place.empty(scene);
    await tenant.client.post(`/bots/${bot.id}/resume`);
    await place.empty(scene);
    await expectAllOnce(id, 'Half planned');
  });

  it('when it is half cancelled, however long ago', async () => {
    const { id } = await tenant.broadcast('Half cancelled');
    await tenant.until(id, ({ counts }) => counts.sent >= 5);
    await tenant.client.post(`/broadcasts/${id}/cancel`);
    const { counts } = await tenant.untilEnded(id, 30_000);
    expect(counts.cancelled).toBeGreaterThan(0);
    // As whoever cancels leaves it that dies in the middle; then the sweep's process was away for days.
    await scene.look(
      `WITH b AS (
         UPDATE broadcasts SET are_totals_true = false, ended_at = ended_at - interval '5 days' WHERE id = $1 RETURNING no)
       UPDATE deliveries d SET state = 0, is_open = true, settled_at = NULL FROM b
       WHERE d.class = 1 AND d.source_no = b.no AND d.state = 5`,
      [id],
    );
    await waitUntil(async () => (await tenant.report(id)).counts.cancelled === counts.cancelled, 30_000);
    expect(await tenant.ledger('Half cancelled')).toHaveLength(counts.sent);
  });

  it('while lanes wait', async () => {
    await tenant.fault('too_many_requests', { retryAfterSeconds: 4, count: 1 });
    const { id } = await tenant.broadcast('Waiting');
    await waitUntil(
      async () => (await tenant.ledger('Waiting')).some(({ status }) => status === 429),
      30_000,
    );
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);
    await place.empty(scene);
    expect(await tenant.untilEnded(id, 90_000)).toMatchObject({ counts: { sent: PEOPLE, unknown: 0 } });
    expect((await tenant.summary()).duplicates.surplus).toBe(0);
  });

  it('while it is being sent', async () => {
    const { id } = await tenant.broadcast('On its way');
    await tenant.until(id, ({ counts }) => counts.sent >= 5);
    await place.empty(scene);
    await expectAllOnce(id, 'On its way');
  });

  it('again and again', async () => {
    let isOver = false;
    const losing = (async () => {
      while (!isOver) {
        await place.empty(scene);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    try {
      const { id } = await tenant.broadcast('In spite of all');
      const [person] = await tenant.chats(bot);
      await tenant.control.must('POST', `/people/${person!.telegramChatId}/message`, {
        botId: bot.telegramId,
        text: '/help',
      });
      await expectAllOnce(id, 'In spite of all');
      await waitUntil(async () => (await tenant.ledger('Herald sends you')).length === 1, 30_000);
    } finally {
      isOver = true;
      await losing;
    }
  });
});
