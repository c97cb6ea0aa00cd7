import { type SceneBot, type SceneTenant } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

/** Telegram's own limits on both sides: the sandbox punishes what is too fast, and our pacing must never be. */
describe('lanes at Telegram’s pace', () => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open({});
    await scene.start();
  });
  afterAll(() => scene.end());

  beforeEach(async () => {
    tenant = await scene.signUp(true);
    bot = await tenant.connectBot();
  });
  afterEach(async () => {
    const summary = await tenant.summary();
    expect(summary.duplicates).toEqual({ surplus: 0, examples: [] });
    expect(summary.busiestSecondPerBot.every(({ calls }) => calls <= 30)).toBe(true);
  });

  it('keep to it, and let answers to people pass a running broadcast', async () => {
    const people = await tenant.startPeople(bot, 90);
    const { id } = await tenant.broadcast('A long one');
    await tenant.until(id, ({ counts }) => counts.sent >= 10);
    const asked = people.at(-1)!;
    await tenant.control.must('POST', `/people/${asked}/message`, {
      botId: bot.telegramId,
      text: '/privacy',
    });
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { sent: 90, unknown: 0 },
    });
    const summary = await tenant.summary();
    expect(summary.violations).toBe(0);
    const rows = await tenant.ledger();
    const answered = rows.findIndex(({ text }) => text.startsWith('Herald is run by'));
    expect(answered).toBeGreaterThan(0);
    const later = rows.slice(answered + 1).filter(({ text }) => text === 'A long one');
    expect(later.length).toBeGreaterThan(20);
  });

  it('rest at once when an answer to another call of the bot asks for it', async () => {
    const [person] = await tenant.startPeople(bot, 90);
    const asking = await tenant.broadcast('', {
      message: { kind: 'text', text: 'Coming?', buttons: [[{ text: 'Yes', callbackData: 'yes' }]] },
    });
    await tenant.untilEnded(asking.id);
    const seen = await tenant.control.messages(person!, bot.telegramId);
    const { message_id: messageId } = seen.find(({ text }) => text === 'Coming?')!;
    const method = 'answerCallbackQuery';
    const refusal = { method, botId: bot.telegramId, retryAfterSeconds: 4, count: 1 };
    await tenant.fault('too_many_requests', refusal);
    const { id } = await tenant.broadcast('A long one');
    await tenant.until(id, ({ counts }) => counts.sent >= 10);
    await tenant.control.must('POST', `/people/${person}/press`, {
      botId: bot.telegramId,
      messageId,
      callbackData: 'yes',
    });
    await tenant.untilEnded(id);
    const rows = await tenant.ledger();
    const refused = rows.find((row) => row.method === method && row.status === 429)!;
    const sinceMs = rows
      .filter(({ text }) => text === 'A long one')
      .map(({ arrivedAtUs }) => (arrivedAtUs - refused.arrivedAtUs) / 1000);
    expect(sinceMs.filter((ms) => ms > 1_000 && ms < 4_000)).toEqual([]);
    expect(sinceMs.filter((ms) => ms >= 4_000).length).toBeGreaterThan(20);
  });

  it('answer an update once, however often it is handled', async () => {
    const [person] = await tenant.startPeople(bot, 1);
    await tenant.control.must('POST', `/people/${person}/message`, {
      botId: bot.telegramId,
      text: '/privacy',
    });
    await waitUntil(async () => (await tenant.ledger('Herald is run by')).length === 1, 30_000);
    const ofBot = `bot_no = (SELECT no FROM bots WHERE id = '${bot.id}')`;
    const unsettled = async () =>
      (await scene.look(`SELECT FROM updates WHERE ${ofBot} AND settled_at IS NULL`)).length;
    await waitUntil(async () => (await unsettled()) === 0, 30_000);
    // As if the process had died after the commit of the answers and before that of "done", were these two.
    await scene.look(`UPDATE updates SET settled_at = NULL WHERE ${ofBot}`);
    await waitUntil(async () => (await unsettled()) === 0, 30_000);
    await tenant.control.must('POST', `/people/${person}/message`, { botId: bot.telegramId, text: '/help' });
    await waitUntil(async () => (await tenant.ledger('Herald sends you')).length === 1, 30_000);
    expect(await tenant.ledger('Herald is run by')).toHaveLength(1);
    expect(await tenant.ledger('Hello, Rui!')).toHaveLength(1);
  });

  it('stop a broadcast whose content Telegram refuses after the first proof', async () => {
    await tenant.startPeople(bot, 40);
    await tenant.fault('bad_request');
    const { id } = await tenant.broadcast('Unreadable');
    const report = await tenant.untilEnded(id);
    expect(report).toMatchObject({ state: 'stopped', stateReason: 'bad_content' });
    expect(report.counts.failed).toBeGreaterThanOrEqual(1);
    // Those that were on their way already; at this pace a third of a second's.
    expect(report.counts.failed).toBeLessThanOrEqual(10);
    expect(report.counts.cancelled).toBe(40 - report.counts.failed);
    expect(await tenant.ledger('Unreadable')).toHaveLength(report.counts.failed);
    await tenant.control.must('DELETE', '/faults');
    const next = await tenant.broadcast('Readable', {
      audience: { to: 'chats', chatIds: [(await tenant.chats(bot))[0]!.id] },
    });
    expect(await tenant.untilEnded(next.id)).toMatchObject({ state: 'finished', counts: { sent: 1 } });
  });

  it('leave what was sent when a broadcast is cancelled, and send nothing more', async () => {
    await tenant.startPeople(bot, 60);
    const { id } = await tenant.broadcast('Never mind');
    await tenant.until(id, ({ counts }) => counts.sent >= 5);
    const cancelled = await tenant.client.post<{ state: string }>(`/broadcasts/${id}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled' } });
    const report = await tenant.untilEnded(id);
    expect(report.counts.cancelled).toBeGreaterThan(0);
    expect(report.counts.sent + report.counts.cancelled).toBe(60);
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);
    expect(await tenant.ledger('Never mind')).toHaveLength(report.counts.sent);
    const again = await tenant.client.post(`/broadcasts/${id}/cancel`);
    expect(again).toMatchObject({ status: 200, body: { state: 'cancelled', counts: report.counts } });
  });

  it('lose nothing when their bot is paused in the middle, and go on where they stopped', async () => {
    await tenant.startPeople(bot, 60);
    const { id } = await tenant.broadcast('With a break');
    await tenant.until(id, ({ counts }) => counts.sent >= 5);
    expect((await tenant.client.post(`/bots/${bot.id}/pause`)).status).toBe(200);
    const pausedAtMs = performance.now();
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);
    console.log(`a pause took effect within ${Math.round(performance.now() - pausedAtMs)} ms`);
    const paused = await tenant.until(id, ({ counts }) => counts.sending === 0);
    expect(paused).toMatchObject({ state: 'sending', counts: { unknown: 0, failed: 0 } });
    expect(paused.counts.queued).toBeGreaterThan(0);
    expect(await tenant.ledger('With a break')).toHaveLength(paused.counts.sent);
    expect((await tenant.client.post(`/bots/${bot.id}/resume`)).status).toBe(200);
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { sent: 60, unknown: 0 },
    });
    expect(await tenant.ledger('With a break')).toHaveLength(60);
  });
});

describe('more lanes than places', () => {
  let scene: DeliveryScene;

  beforeAll(async () => {
    scene = await DeliveryScene.open({ LANES_PER_WORKER: '1', PACING_CHAT_PER_SECOND: '0' });
    await scene.start();
  });
  afterAll(() => scene.end());

  it('take turns: a small broadcast does not wait for the end of a large one', async () => {
    const tenant = await scene.signUp();
    const [large, small] = [await tenant.connectBot(), await tenant.connectBot()];
    await tenant.startPeople(large, 200);
    await tenant.startPeople(small, 5);
    // A wake that lies far ahead must not stand in for the one that is due now.
    await tenant.fault('reset_after_effect', { botId: large.telegramId, count: 1 });
    const ahead = await tenant.broadcast('Later', {
      audience: { to: 'chats', chatIds: [(await tenant.chats(large))[0]!.id] },
      ambiguityPolicy: 'resend_once',
    });
    await tenant.until(ahead.id, ({ counts }) => counts.queued === 1 && counts.sending === 0);
    await waitUntil(() => scene.isLaneFree(large.id), 30_000);

    const long = await tenant.broadcast('Large', { audience: { to: 'everybody', botIds: [large.id] } });
    await tenant.until(long.id, ({ counts }) => counts.sent >= 10);
    const short = await tenant.broadcast('Small', { audience: { to: 'everybody', botIds: [small.id] } });
    await Promise.all([tenant.untilEnded(long.id), tenant.untilEnded(short.id)]);

    const arrivals = (await tenant.ledger()).filter(({ text }) => text === 'Large' || text === 'Small');
    const lastSmall = arrivals.findLastIndex(({ text }) => text === 'Small');
    expect(arrivals.slice(lastSmall).length).toBeGreaterThan(50);
    const largeAtMs = arrivals
      .filter(({ text }) => text === 'Large')
      .map(({ arrivedAtUs }) => arrivedAtUs / 1_000);
    const gapsMs = largeAtMs.slice(1).map((atMs, n) => atMs - largeAtMs[n]!);
    console.log(`the large broadcast made way for at most ${Math.round(Math.max(...gapsMs))} ms`);
    expect((await tenant.summary()).duplicates.surplus).toBe(0);
  });
});
