import { Receiver } from '../../harness/receiver.js';
import { type SceneBot, type SceneTenant } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

const PEOPLE = 60;
/** At thirty a second of a bot: some have it, most wait. */
const SOME = 5;
/** Calls that can be under way when the first of them is refused: a third of a second's. */
const MOST_UNDER_WAY = 10;

describe('what goes wrong in the middle of a broadcast', () => {
  let receiver: Receiver;
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open({ WEBHOOK_PRIVATE_TARGETS: 'true' });
    await scene.start();
  });
  afterAll(() => scene.end());

  beforeEach(async () => {
    receiver = await Receiver.open();
    tenant = await scene.signUp(true);
    bot = await tenant.connectBot();
    const webhook = await tenant.client.post('/webhooks', {
      url: receiver.url,
      events: ['bot.stopped', 'broadcast.finished', 'broadcast.stopped'],
    });
    expect(webhook.status).toBe(201);
  });
  afterEach(async () => {
    await receiver.close();
    expect((await tenant.summary()).duplicates).toEqual({ surplus: 0, examples: [] });
  });

  const arrivedTexts = async (text: string, of = bot) =>
    (await tenant.ledger(text)).filter(({ botId, hasEffect }) => hasEffect && botId === of.telegramId);

  it('a token that is revoked: the bot stops and says why, the rest waits, and goes on with the next token', async () => {
    const other = await tenant.connectBot();
    await tenant.startPeople(bot, PEOPLE);
    await tenant.startPeople(other, SOME);
    const { id } = await tenant.broadcast('To be continued');
    await tenant.until(id, ({ counts }) => counts.sent >= 2 * SOME);
    const { token } = await tenant.control.must<{ token: string }>(
      'POST',
      `/bots/${bot.telegramId}/revoke-token`,
    );
    await waitUntil(() => receiver.events('bot.stopped').length > 0, 30_000);
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);

    const reason = 'Telegram rejects the token: it was revoked, or the bot was deleted.';
    const stopped = await tenant.client.get<{ state: string; stateReason: string }>(`/bots/${bot.id}`);
    expect(stopped.body).toMatchObject({ state: 'token_rejected', stateReason: reason });
    expect(receiver.events('bot.stopped')).toMatchObject([
      { data: { botId: bot.id, state: 'token_rejected', reason } },
    ]);
    // The other bot is no worse for it, and whoever wasn't reached still waits.
    await waitUntil(async () => (await arrivedTexts('To be continued', other)).length === SOME, 30_000);
    const waiting = await tenant.until(
      id,
      ({ counts }) => counts.sending === 0 && counts.sent + counts.queued === PEOPLE + SOME,
    );
    expect(waiting).toMatchObject({ state: 'sending', counts: { failed: 0, unknown: 0, cancelled: 0 } });
    expect(waiting.counts.queued).toBeGreaterThan(0);
    expect(await arrivedTexts('To be continued')).toHaveLength(waiting.counts.sent - SOME);
    expect(await tenant.deliveries(id, 'queued')).toEqual(
      Array.from(
        { length: waiting.counts.queued },
        () => expect.objectContaining({ botId: bot.id }) as unknown,
      ),
    );

    expect((await tenant.client.put(`/bots/${bot.id}/token`, { token })).status).toBe(200);
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { accepted: PEOPLE + SOME, sent: PEOPLE + SOME, unknown: 0 },
    });
    expect(await tenant.botState(bot)).toBe('running');
    expect(await arrivedTexts('To be continued')).toHaveLength(PEOPLE);
    await waitUntil(() => receiver.events('broadcast.finished').length > 0, 30_000);
    expect(receiver.events('broadcast.finished')).toMatchObject([
      { data: { broadcastId: id, counts: { sent: PEOPLE + SOME } } },
    ]);
    expect(receiver.events('bot.stopped')).toHaveLength(1);
  });

  it('a chat that vanished: it fails with the reason, the others get theirs, and the next one passes it over', async () => {
    await tenant.startPeople(bot, PEOPLE);
    const chats = await scene.look<{ no: string; telegram_chat_id: string }>(
      `SELECT no::text, telegram_chat_id::text FROM chats WHERE bot_id = $1 ORDER BY no`,
      [bot.id],
    );
    const middle = chats[PEOPLE / 2]!;
    const renumber = (telegramChatId: string) =>
      scene.look('UPDATE chats SET telegram_chat_id = $2 WHERE no = $1', [middle.no, telegramChatId]);
    // Nobody has this number.
    await renumber('77');
    const { id } = await tenant.broadcast('Is anybody there');
    const report = await tenant.untilEnded(id);
    expect(report).toMatchObject({
      state: 'finished',
      counts: {
        accepted: PEOPLE,
        sent: PEOPLE - 1,
        failed: 1,
        unknown: 0,
        reasons: [{ state: 'failed', reason: 'chat_not_found', count: 1 }],
      },
    });
    expect(await tenant.deliveries(id, 'failed')).toMatchObject([
      { telegramChatId: '77', reason: 'chat_not_found', attempts: 1, telegramMessageId: null },
    ]);
    const tries = await tenant.ledger('Is anybody there');
    const refusedAt = tries.findIndex(({ status }) => status === 400);
    expect(tries).toHaveLength(PEOPLE);
    expect(refusedAt).toBeGreaterThan(0);
    expect(refusedAt).toBeLessThan(PEOPLE - 1);
    await waitUntil(() => receiver.events('broadcast.finished').length > 0, 30_000);
    expect(receiver.events('broadcast.finished')).toMatchObject([
      { data: { broadcastId: id, counts: { sent: PEOPLE - 1, failed: 1 } } },
    ]);

    expect(await tenant.chatOf(bot, 77)).toMatchObject({
      state: 'unreachable',
      stateReason: 'chat_not_found',
    });
    const next = await tenant.broadcast('Only who is left');
    expect(await tenant.untilEnded(next.id)).toMatchObject({ counts: { accepted: PEOPLE - 1, failed: 0 } });
    // Who writes to the bot again is there again.
    await renumber(middle.telegram_chat_id);
    await tenant.control.must('POST', `/people/${middle.telegram_chat_id}/message`, {
      botId: bot.telegramId,
      text: '/help',
    });
    const back = Number(middle.telegram_chat_id);
    await waitUntil(async () => (await tenant.chatOf(bot, back)).state === 'active', 30_000);
    expect(await tenant.chatOf(bot, back)).toMatchObject({ stateReason: null });
  });

  it('content that Telegram refuses from then on: the broadcast stops, and what was sent stays sent', async () => {
    await tenant.startPeople(bot, PEOPLE);
    const { id } = await tenant.broadcast('Readable at first');
    await tenant.until(id, ({ counts }) => counts.sent >= SOME);
    await tenant.fault('bad_request');
    const report = await tenant.untilEnded(id);
    expect(report).toMatchObject({ state: 'stopped', stateReason: 'bad_content', counts: { unknown: 0 } });
    const { sent, failed, cancelled, reasons } = report.counts;
    expect(sent).toBeGreaterThanOrEqual(SOME);
    expect(failed).toBeGreaterThanOrEqual(1);
    expect(failed).toBeLessThanOrEqual(MOST_UNDER_WAY);
    expect(sent + failed + cancelled).toBe(PEOPLE);
    expect(reasons).toEqual([{ state: 'failed', reason: 'bad_content', count: failed }]);
    expect(await arrivedTexts('Readable at first')).toHaveLength(sent);
    expect(await tenant.ledger('Readable at first')).toHaveLength(sent + failed);
    await waitUntil(() => receiver.events('broadcast.stopped').length > 0, 30_000);
    expect(receiver.events('broadcast.stopped')).toMatchObject([
      { data: { broadcastId: id, reason: 'bad_content', counts: { sent, failed, cancelled } } },
    ]);
    expect((await tenant.chats(bot)).every(({ state }) => state === 'active')).toBe(true);
    expect(await tenant.botState(bot)).toBe('running');
  });

  it('a picture that Telegram fails to fetch for a moment: it is tried again, and nobody goes without', async () => {
    const people = await tenant.startPeople(bot, PEOPLE);
    await tenant.fault('file_unreachable', { method: 'sendPhoto', count: 3 });
    const { id } = await tenant.broadcast('', {
      message: { kind: 'photo', url: 'https://example.org/a.jpg', caption: 'Look' },
    });
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { sent: people.length, failed: 0, reasons: [] },
    });
  });

  it('a picture that stays away: the broadcast stops once it was tried for some seconds', async () => {
    await tenant.startPeople(bot, PEOPLE);
    await tenant.fault('file_unreachable', { method: 'sendPhoto' });
    const { id } = await tenant.broadcast('', {
      message: { kind: 'photo', url: 'https://example.org/a.jpg', caption: 'Look' },
    });
    const report = await tenant.untilEnded(id);
    expect(report).toMatchObject({ state: 'stopped', stateReason: 'file_unreachable', counts: { sent: 0 } });
    expect(report.counts.failed).toBeGreaterThanOrEqual(1);
  });

  it('a message that differs from person to person, refused for one: the others get theirs', async () => {
    const [first] = await tenant.startPeople(bot, PEOPLE);
    await tenant.fault('bad_request', { chatId: first });
    const { id } = await tenant.broadcast('Hi {{first_name|friend}}');
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: {
        sent: PEOPLE - 1,
        failed: 1,
        reasons: [{ state: 'failed', reason: 'bad_content', count: 1 }],
      },
    });
  });

  it('the same, refused for everybody: three in a row prove it', async () => {
    await tenant.startPeople(bot, PEOPLE);
    await tenant.fault('bad_request');
    const { id } = await tenant.broadcast('Hi {{first_name|friend}}');
    const report = await tenant.untilEnded(id);
    expect(report).toMatchObject({ state: 'stopped', stateReason: 'bad_content', counts: { sent: 0 } });
    expect(report.counts.failed).toBeGreaterThanOrEqual(3);
    expect(report.counts.failed).toBeLessThanOrEqual(MOST_UNDER_WAY);
  });

  it('a group that is a supergroup, which was known before it: one chat, and nothing that waits is lost', async () => {
    const group = await tenant.addGroup(bot);
    const { id: supergroup } = await tenant.control.must<{ id: number }>('POST', `/groups/${group}/upgrade`);
    const chatOf = async (telegramChatId: number) =>
      (await tenant.chats(bot)).find((chat) => Number(chat.telegramChatId) === telegramChatId);
    await waitUntil(async () => (await chatOf(supergroup)) !== undefined, 30_000);
    const known = (await chatOf(supergroup))!;
    // As if what tells of the group had come after what tells of the supergroup.
    const [late] = await scene.look<{ id: string }>(
      `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type, title, state)
       SELECT tenant_id, bot_id, bot_no, $2, 'group', title, 'active' FROM chats WHERE id = $1 RETURNING id`,
      [known.id, group],
    );
    // Planned while nothing can leave, and then held.
    await tenant.client.post(`/bots/${bot.id}/pause`);
    const waiting = await tenant.broadcast('To the supergroup', {
      audience: { to: 'chats', chatIds: [known.id] },
    });
    await tenant.until(waiting.id, ({ counts }) => counts.queued === 1);
    await tenant.client.post(`/broadcasts/${waiting.id}/pause`);
    await tenant.client.post(`/bots/${bot.id}/resume`);
    const { id } = await tenant.broadcast('To the group', { audience: { to: 'chats', chatIds: [late!.id] } });
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 1, skipped: 0 } });
    expect(await chatOf(supergroup)).toMatchObject({ id: late!.id, type: 'supergroup' });
    expect(await tenant.chats(bot)).toHaveLength(1);
    await tenant.client.post(`/broadcasts/${waiting.id}/resume`);
    const { counts } = await tenant.untilEnded(waiting.id);
    const arrived = (await tenant.ledger('To the supergroup')).filter(({ hasEffect }) => hasEffect);
    expect([counts.sent, arrived.length]).toEqual([1, 1]);
  });
});
