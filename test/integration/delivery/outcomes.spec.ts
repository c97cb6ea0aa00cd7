import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestApplication } from '../../harness/application.js';
import { type Report, type SceneBot, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { openSandbox } from '../sandbox/control-client.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

/** A try may have arrived, and the second one waits for its time. */
const isQueuedAgain = ({ counts }: Report): boolean =>
  counts.reasons.some(({ state, reason }) => state === 'queued' && reason === 'connection_lost');

describe('what becomes of a delivery', () => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;
  /** Takes updates in; without it nobody hears that a bot was blocked or a group upgraded. */
  let poller: TestApplication;

  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    await scene.start('api,scheduler,worker');
    poller = await scene.start('poller');
  });
  afterAll(() => scene.end());

  beforeEach(async () => {
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
  });

  const withoutPoller = async (work: () => Promise<void>): Promise<void> => {
    await scene.close(poller);
    try {
      await work();
    } finally {
      poller = await scene.start('poller');
    }
  };
  const reasonOf = async (id: string, telegramChatId: number) => {
    const delivery = (await tenant.deliveries(id)).find(
      (one) => Number(one.telegramChatId) === telegramChatId,
    );
    return delivery && [delivery.state, delivery.reason];
  };

  it('fails with the reason where a chat is out of reach, and the chat says so from then on', async () => {
    const [blocked, left, other] = await tenant.startPeople(bot, 3);
    const group = await tenant.addGroup(bot);
    await withoutPoller(async () => {
      await tenant.control.must('POST', `/people/${blocked}/block`, { botId: bot.telegramId });
      await tenant.control.must('POST', `/people/${left}/deactivate`);
      await tenant.control.must('POST', `/groups/${group}/remove-bot`, { botId: bot.telegramId });
      const { id } = await tenant.broadcast('Out of reach');
      expect(await tenant.untilEnded(id)).toMatchObject({
        state: 'finished',
        counts: { accepted: 4, sent: 1, failed: 3, unknown: 0 },
      });
      expect(await reasonOf(id, blocked!)).toEqual(['failed', 'blocked']);
      expect(await reasonOf(id, left!)).toEqual(['failed', 'deactivated']);
      expect(await reasonOf(id, group)).toEqual(['failed', 'kicked']);
      expect(await reasonOf(id, other!)).toEqual(['sent', null]);
      for (const [number, reason] of [
        [blocked!, 'blocked'],
        [left!, 'deactivated'],
        [group, 'kicked'],
      ] as const) {
        expect(await tenant.chatOf(bot, number)).toMatchObject({ state: 'unreachable', stateReason: reason });
      }
      const next = await tenant.broadcast('Only who is left');
      expect(await tenant.untilEnded(next.id)).toMatchObject({ counts: { accepted: 1, sent: 1 } });
    });
  });

  it('follows a group that was upgraded, and arrives once under its new id', async () => {
    const group = await tenant.addGroup(bot);
    const before = await tenant.chatOf(bot, group);
    await withoutPoller(async () => {
      const { id: upgraded } = await tenant.control.must<{ id: number }>('POST', `/groups/${group}/upgrade`);
      const { id } = await tenant.broadcast('Where have you gone');
      expect(await tenant.untilEnded(id)).toMatchObject({
        state: 'finished',
        counts: { accepted: 1, sent: 1 },
      });
      const arrived = (await tenant.ledger('Where have you gone')).filter(({ hasEffect }) => hasEffect);
      expect(arrived.map(({ chatId }) => chatId)).toEqual([upgraded]);
      expect(await tenant.chatOf(bot, upgraded)).toMatchObject({ id: before.id, type: 'supergroup' });
    });
    // The updates that tell of it come now, and change nothing.
    const { id } = await tenant.broadcast('There you are');
    expect(await tenant.untilEnded(id)).toMatchObject({ counts: { accepted: 1, sent: 1 } });
    expect(await tenant.chats(bot)).toHaveLength(1);
  });

  it('hears of an upgrade while the message waits', async () => {
    const group = await tenant.addGroup(bot);
    await tenant.fault('too_many_requests', { retryAfterSeconds: 3, count: 1 });
    const { id } = await tenant.broadcast('Under way');
    await waitUntil(async () => (await tenant.ledger('Under way')).length > 0, 30_000);
    const { id: upgraded } = await tenant.control.must<{ id: number }>('POST', `/groups/${group}/upgrade`);
    expect(await tenant.untilEnded(id)).toMatchObject({ counts: { accepted: 1, sent: 1 } });
    const arrived = (await tenant.ledger('Under way')).filter(({ hasEffect }) => hasEffect);
    expect(arrived.map(({ chatId }) => chatId)).toEqual([upgraded]);
    await waitUntil(async () =>
      (await tenant.chats(bot)).every(({ telegramChatId }) => telegramChatId === upgraded),
    );
    expect(await tenant.chats(bot)).toHaveLength(1);
  });

  it('passes over a person who pressed /stop between planning and sending', async () => {
    const [first, second] = await tenant.startPeople(bot, 2);
    await tenant.fault('too_many_requests', { retryAfterSeconds: 4, count: 2 });
    const { id } = await tenant.broadcast('Too late');
    await waitUntil(async () => (await tenant.ledger('Too late')).length === 2, 30_000);
    await tenant.control.must('POST', `/people/${first}/message`, { botId: bot.telegramId, text: '/stop' });
    await waitUntil(async () => (await tenant.chatOf(bot, first!)).state === 'stopped', 30_000);
    await tenant.untilEnded(id);
    expect(await reasonOf(id, first!)).toEqual(['skipped', 'chat_stopped']);
    expect(await reasonOf(id, second!)).toEqual(['sent', null]);
    expect(await tenant.report(id)).toMatchObject({ state: 'finished', counts: { sent: 1, skipped: 1 } });
  });

  it('waits out a rest that Telegram asks for, with every delivery of the bot', async () => {
    const other = await tenant.connectBot();
    await tenant.startPeople(bot, 20);
    await tenant.startPeople(other, 5);
    await tenant.fault('too_many_requests', { botId: bot.telegramId, retryAfterSeconds: 3, count: 1 });
    const { id } = await tenant.broadcast('After the rest');
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { sent: 25, unknown: 0 },
    });
    const rows = (await tenant.ledger('After the rest')).filter(({ botId }) => botId === bot.telegramId);
    const refusal = rows.find(({ status }) => status === 429)!;
    const sinceRefusalMs = rows.map(({ arrivedAtUs }) => (arrivedAtUs - refusal.arrivedAtUs) / 1000);
    // Nothing leaves once the refusal was read; what left before it was read counts for itself.
    const resumed = sinceRefusalMs.filter((ms) => ms > 1_000);
    expect(resumed.length).toBeGreaterThan(0);
    expect(Math.min(...resumed)).toBeGreaterThanOrEqual(3_000);
    expect(rows.filter(({ status }) => status === 429)).toHaveLength(1);
    expect((await tenant.summary()).duplicates.surplus).toBe(0);
  });

  it('waits out a limit that never ends, says so, and lets the other bots go on', async () => {
    const other = await tenant.connectBot();
    await tenant.startPeople(bot, 5);
    await tenant.startPeople(other, 3);
    await tenant.fault('too_many_requests', { botId: bot.telegramId, retryAfterSeconds: 73_414 });
    const { id } = await tenant.broadcast('Some day');
    const report = await tenant.until(
      id,
      ({ counts, restingBots }) => counts.sent === 3 && counts.queued === 5 && restingBots.length === 1,
    );
    expect(report).toMatchObject({ state: 'sending', counts: { failed: 0, unknown: 0 } });
    expect(report.restingBots).toMatchObject([{ botId: bot.id }]);
    expect(Date.parse(report.restingBots[0]!.until) - Date.now()).toBeGreaterThan(73_000_000);
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);
    // The sweep leaves it alone: nothing is asked of Telegram before its time.
    const refused = (await tenant.ledger('Some day')).filter(({ botId }) => botId === bot.telegramId);
    expect(refused.length).toBeLessThanOrEqual(5);
    expect(await tenant.client.post(`/broadcasts/${id}/cancel`)).toMatchObject({
      status: 200,
      body: { state: 'cancelled', counts: { sent: 3, cancelled: 5 } },
    });
  });

  it('keeps everything where the token was revoked, and goes on with the next one', async () => {
    await tenant.startPeople(bot, 10);
    const { token } = await tenant.control.must<{ token: string }>(
      'POST',
      `/bots/${bot.telegramId}/revoke-token`,
    );
    const { id } = await tenant.broadcast('With a new key');
    await waitUntil(async () => (await tenant.botState(bot)) === 'token_rejected', 30_000);
    await waitUntil(async () => (await tenant.report(id)).counts.queued === 10, 30_000);
    const replaced = await tenant.client.put(`/bots/${bot.id}/token`, { token });
    expect(replaced.status).toBe(200);
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { accepted: 10, sent: 10 },
    });
    expect(await tenant.botState(bot)).toBe('running');
    expect((await tenant.summary()).duplicates.surplus).toBe(0);
  });

  describe.each([
    ['reset_before_effect', 'connection_lost', {}],
    ['reset_after_effect', 'connection_lost', {}],
    ['truncated', 'answer_unreadable', {}],
    ['html', 'answer_unreadable', { hasEffect: true }],
    ['html', 'server_error', { statusCode: 502 }],
    ['server_error', 'server_error', { hasEffect: true }],
    ['redirect', 'redirect', {}],
    ['refuse', 'connection_lost', {}],
  ])('where nobody can know: %s', (kind, reason, more) => {
    it(`is unknown (${reason}) and not sent again`, async () => {
      await tenant.startPeople(bot, 6);
      await tenant.fault(kind, { count: 1, ...more });
      const { id } = await tenant.broadcast('Who knows');
      expect(await tenant.untilEnded(id)).toMatchObject({
        state: 'finished',
        counts: {
          accepted: 6,
          sent: 5,
          unknown: 1,
          failed: 0,
          reasons: [{ state: 'unknown', reason, count: 1 }],
        },
      });
      const [unknown] = await tenant.deliveries(id, 'unknown');
      expect(unknown).toMatchObject({ attempts: 1, telegramMessageId: null });
      const tries = (await tenant.summary(`botId=${bot.telegramId}`)).counts['sendMessage'];
      // Six greetings and six messages.
      expect(Object.values(tries ?? {}).reduce((sum, count) => sum + count, 0)).toBe(12);
      expect((await tenant.summary()).duplicates.surplus).toBe(0);
    });
  });

  it('is sent once more where that was chosen, after the first try can no longer arrive', async () => {
    await tenant.startPeople(bot, 4);
    await tenant.fault('reset_after_effect', { count: 1 });
    const { id } = await tenant.broadcast('Rather twice', { ambiguityPolicy: 'resend_once' });
    await tenant.until(id, (report) => report.counts.sent === 3 && isQueuedAgain(report));
    const pending = `FROM deliveries d JOIN broadcasts b ON b.no = d.source_no WHERE b.id = $1 AND d.state = 0`;
    const [waiting] = await scene.look<{ seconds: number }>(
      `SELECT extract(epoch FROM d.not_before - clock_timestamp())::float8 AS seconds ${pending}`,
      [id],
    );
    expect(waiting?.seconds).toBeGreaterThan(30);
    // Half a minute goes by.
    await scene.look(
      `UPDATE deliveries SET not_before = clock_timestamp() WHERE (planned_on, class, source_no, chat_no) IN
         (SELECT d.planned_on, d.class, d.source_no, d.chat_no ${pending})`,
      [id],
    );
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 4, unknown: 0 } });
    expect(await tenant.ledger('Rather twice')).toHaveLength(5);
    const attempts = (await tenant.deliveries(id)).map((delivery) => delivery.attempts).sort();
    expect(attempts).toEqual([1, 1, 1, 2]);
  });

  it.each([
    ['its broadcast is cancelled', 'cancel'],
    ['its bot is disconnected', 'disconnect'],
    ['the second try is refused', 'block'],
  ] as const)('is unknown where a try may have arrived and then %s', async (_, what) => {
    const [person] = await tenant.startPeople(bot, 1);
    await tenant.fault('reset_after_effect', { count: 1 });
    const { id } = await tenant.broadcast('Perhaps', { ambiguityPolicy: 'resend_once' });
    // Queued once more: it was queued before its first try too, and under way in between.
    await tenant.until(id, isQueuedAgain);
    if (what === 'cancel') await tenant.client.post(`/broadcasts/${id}/cancel`);
    else if (what === 'disconnect') await tenant.client.delete(`/bots/${bot.id}`);
    else await tenant.control.must('POST', `/people/${person!}/block`, { botId: bot.telegramId });
    // Then its time comes.
    await scene.look(
      `UPDATE deliveries d SET not_before = clock_timestamp() FROM broadcasts b
       WHERE b.no = d.source_no AND b.id = $1 AND d.class = 1 AND d.state = 0`,
      [id],
    );
    const { counts } = await tenant.untilEnded(id);
    expect(counts).toMatchObject({ unknown: 1, sent: 0, failed: 0, cancelled: 0, skipped: 0 });
  });

  it('is unknown where the second try is ambiguous too', async () => {
    await tenant.startPeople(bot, 1);
    await tenant.fault('reset_after_effect', { count: 2 });
    const { id } = await tenant.broadcast('Never thrice', { ambiguityPolicy: 'resend_once' });
    await waitUntil(async () => (await tenant.deliveries(id))[0]?.attempts === 1, 30_000);
    await waitUntil(async () => {
      await scene.look(
        `UPDATE deliveries d SET not_before = clock_timestamp() FROM broadcasts b
         WHERE b.no = d.source_no AND b.id = $1 AND d.class = 1 AND d.state = 0`,
        [id],
      );
      return (await tenant.report(id)).counts.unknown === 1;
    }, 30_000);
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { unknown: 1 } });
    expect(await tenant.ledger('Never thrice')).toHaveLength(2);
  });

  it('leaves a broadcast alone where an answer to somebody is refused', async () => {
    const [person] = await tenant.startPeople(bot, 3);
    await tenant.fault('too_many_requests', { retryAfterSeconds: 3, count: 3 });
    const { id } = await tenant.broadcast('Unharmed');
    await waitUntil(async () => (await tenant.ledger('Unharmed')).length === 3, 30_000);
    // Replies and broadcasts are numbered apart; the next reply gets the very number of this broadcast.
    const [broadcast] = await scene.look<{ no: string }>('SELECT no FROM broadcasts WHERE id = $1', [id]);
    await scene.look(`DELETE FROM replies WHERE no = ${broadcast!.no}`);
    await scene.look(`ALTER TABLE replies ALTER COLUMN no RESTART WITH ${broadcast!.no}`);
    await tenant.fault('bad_request', { count: 1 });
    await tenant.control.must('POST', `/people/${person}/message`, { botId: bot.telegramId, text: '/help' });
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 3 } });
    const [reply] = await scene.look<{ state: number; reason: string }>(
      `SELECT state, reason FROM deliveries WHERE class = 2 AND source_no = $1 AND chat_no =
         (SELECT no FROM chats WHERE telegram_chat_id = $2 AND bot_no = (SELECT no FROM bots WHERE id = $3))`,
      [broadcast!.no, person, bot.id],
    );
    expect(reply).toEqual({ state: 3, reason: 'bad_content' });
    await scene.look(
      `SELECT setval(pg_get_serial_sequence('replies', 'no'), (SELECT max(no) FROM replies) + 1000)`,
    );
  });
});

describe('a Bot API that is away', () => {
  it('holds everything back until it is there again', async () => {
    const world = await openSandbox();
    // A port that nobody listens on once the sandbox is closed, and its world on a disk.
    const { port } = world;
    await world.close();
    const dataDirectory = mkdtempSync(join(tmpdir(), 'arauto-sandbox-'));
    const scene = await DeliveryScene.open(UNPACED, { port, dataDirectory });
    try {
      await scene.start();
      const tenant = await scene.signUp();
      const bot = await tenant.connectBot();
      await tenant.startPeople(bot, 5);
      await scene.sandbox.close();
      const { id } = await tenant.broadcast('Refused for a while');
      await waitUntil(
        async () => (await tenant.deliveries(id)).some(({ attempts }) => attempts >= 2),
        60_000,
      );
      expect(await tenant.report(id)).toMatchObject({ state: 'sending', counts: { failed: 0, unknown: 0 } });
      const again = await openSandbox({ port, dataDirectory });
      try {
        await tenant.liftLimits();
        expect(await tenant.untilEnded(id, 90_000)).toMatchObject({ state: 'finished', counts: { sent: 5 } });
        expect((await tenant.summary()).duplicates.surplus).toBe(0);
      } finally {
        await again.close();
      }
    } finally {
      await scene.end();
      rmSync(dataDirectory, { recursive: true, force: true });
    }
  });
});
