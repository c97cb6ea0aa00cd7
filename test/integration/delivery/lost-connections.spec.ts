import { type Report, type SceneBot, type SceneTenant } from '../../harness/scene.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

const PEOPLE = 90;

/** PostgreSQL restarts, a proxy times out: every connection of the process breaks, idle or in the middle of something. */
describe('a process whose connections to PostgreSQL break', () => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open({ PACING_CHAT_PER_SECOND: '0', LOG_LEVEL: 'silent' });
    await scene.start();
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
    await tenant.startPeople(bot, PEOPLE);
  });
  afterAll(() => scene.end());

  it('goes on where it was, with nothing lost, doubled or unknown', async () => {
    const { id } = await tenant.broadcast('Through thick and thin');
    for (const sent of [10, 25, 40, 55]) {
      // The API itself may have answered that it can't, a moment after the break.
      await tenant.until(id, ({ counts }: Partial<Report>) => counts !== undefined && counts.sent >= sent);
      await scene.look(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    }
    expect(await tenant.untilEnded(id, 90_000)).toMatchObject({
      state: 'finished',
      counts: { accepted: PEOPLE, sent: PEOPLE, failed: 0, unknown: 0 },
    });
    expect(await tenant.ledger('Through thick and thin')).toHaveLength(PEOPLE);
    expect((await tenant.summary()).duplicates.surplus).toBe(0);
    const [person] = await tenant.chats(bot);
    await tenant.control.must('POST', `/people/${person!.telegramChatId}/message`, {
      botId: bot.telegramId,
      text: '/help',
    });
    const next = await tenant.broadcast('And after it');
    expect(await tenant.untilEnded(next.id, 60_000)).toMatchObject({ counts: { sent: PEOPLE } });
    expect(await tenant.ledger('Herald sends you')).toHaveLength(1);
  });
});
