import { type SceneBot, type SceneTenant } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

/** What a lane reads ahead is more than these: whatever takes effect here reaches what was read ahead. */
const PEOPLE = 60;

describe('holding broadcasts at Telegram’s pace', () => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;
  let people: number[];

  beforeAll(async () => {
    scene = await DeliveryScene.open({});
    await scene.start('api,scheduler,poller,worker');
    await scene.start('worker');
  });
  afterAll(() => scene.end());

  beforeEach(async () => {
    tenant = await scene.signUp(true);
    bot = await tenant.connectBot();
    people = await tenant.startPeople(bot, PEOPLE);
  });
  afterEach(async () => {
    expect((await tenant.summary()).duplicates).toEqual({ surplus: 0, examples: [] });
  });

  const post = (id: string, verb: string) =>
    tenant.client.post<{ state: string; code?: string }>(`/broadcasts/${id}/${verb}`);
  const arrivals = async (text: string) => (await tenant.ledger(text)).filter(({ hasEffect }) => hasEffect);
  const epochOf = async () => {
    const [lane] = await scene.look<{ epoch: string }>(
      'SELECT l.epoch FROM lanes l JOIN bots b ON b.no = l.bot_no WHERE b.id = $1',
      [bot.id],
    );
    return lane!.epoch;
  };

  it('pauses within a slice, wakes no lane meanwhile, and goes on where it stopped', async () => {
    const { id } = await tenant.broadcast('With a break');
    await tenant.until(id, ({ counts }) => counts.sent >= 5);
    expect(await post(id, 'pause')).toMatchObject({ status: 200, body: { state: 'paused' } });
    const pausedAtMs = Date.now();
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);
    const paused = await tenant.report(id);
    expect(paused).toMatchObject({ state: 'paused', counts: { sending: 0, unknown: 0, failed: 0 } });
    expect(paused.counts.queued).toBe(PEOPLE - paused.counts.sent);
    const before = await arrivals('With a break');
    expect(before).toHaveLength(paused.counts.sent);
    const lastMs = Math.max(...before.map(({ arrivedAtEpochMs }) => arrivedAtEpochMs));
    expect(lastMs - pausedAtMs).toBeLessThan(1_000);

    // Longer than the sweep takes to come by twice: another bot sends all the while.
    const epoch = await epochOf();
    const other = await tenant.connectBot();
    await tenant.startPeople(other, 100);
    const { id: otherId } = await tenant.broadcast('Meanwhile', {
      audience: { to: 'everybody', botIds: [other.id] },
    });
    await tenant.untilEnded(otherId);
    expect(await epochOf()).toBe(epoch);
    expect(await post(id, 'pause')).toMatchObject({ status: 200, body: { state: 'paused' } });

    expect((await post(id, 'resume')).status).toBe(200);
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: PEOPLE } });
    expect(await arrivals('With a break')).toHaveLength(PEOPLE);
    expect(await post(id, 'pause')).toMatchObject({ status: 409, body: { code: 'broadcast_ended' } });
    expect(await post(id, 'resume')).toMatchObject({ status: 409, body: { code: 'broadcast_ended' } });
    const log = await tenant.client.get<{ items: { action: string }[] }>('/tenant/audit?limit=200');
    const actions = log.body.items.map(({ action }) => action);
    expect(actions.filter((action) => action === 'broadcast.paused')).toHaveLength(1);
    expect(actions.filter((action) => action === 'broadcast.resumed')).toHaveLength(1);
  });

  it('cancels a paused broadcast, and lets answers pass it', async () => {
    const { id } = await tenant.broadcast('Put off');
    await tenant.until(id, ({ counts }) => counts.sent >= 1);
    await post(id, 'pause');
    await tenant.control.must('POST', `/people/${people[0]}/message`, {
      botId: bot.telegramId,
      text: '/privacy',
    });
    await waitUntil(async () => (await tenant.ledger('Herald is run by')).length === 1, 30_000);
    expect(await post(id, 'cancel')).toMatchObject({ status: 200, body: { state: 'cancelled' } });
    const { counts } = await tenant.untilEnded(id);
    expect(counts.sent + counts.cancelled).toBe(PEOPLE);
    expect(await arrivals('Put off')).toHaveLength(counts.sent);
  });

  it('cancels what a lane has read ahead, within a slice', async () => {
    const { id } = await tenant.broadcast('Never mind');
    await tenant.until(id, ({ counts }) => counts.sent >= 5);
    expect((await post(id, 'cancel')).status).toBe(200);
    const cancelledAtMs = Date.now();
    const { counts } = await tenant.untilEnded(id);
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);
    const arrived = await arrivals('Never mind');
    expect(arrived).toHaveLength(counts.sent);
    const lastMs = Math.max(...arrived.map(({ arrivedAtEpochMs }) => arrivedAtEpochMs));
    expect(lastMs - cancelledAtMs).toBeLessThan(1_000);
  });

  it('lets /stop reach what a lane has read ahead', async () => {
    const { id } = await tenant.broadcast('Too much');
    await tenant.until(id, ({ counts }) => counts.sent >= 5);
    const last = people.at(-1)!;
    await tenant.control.must('POST', `/people/${last}/message`, { botId: bot.telegramId, text: '/stop' });
    const report = await tenant.untilEnded(id);
    expect(report).toMatchObject({
      state: 'finished',
      counts: { sent: PEOPLE - 1, skipped: 1, reasons: [{ reason: 'chat_stopped', count: 1 }] },
    });
    expect((await arrivals('Too much')).map(({ chatId }) => chatId)).not.toContain(last);
  });

  it('sends a test ahead of what was read ahead, in no list, and only to who wants it', async () => {
    const { id } = await tenant.broadcast('The crowd');
    await tenant.until(id, ({ counts }) => counts.sent >= 5);
    const chats = await tenant.chats(bot);
    const chatOf = (person: number) => chats.find(({ telegramChatId }) => telegramChatId === person)!.id;
    const message = { kind: 'text', text: 'Only me' };
    const test = await tenant.client.post<{ id: string }>('/broadcasts/test', {
      message,
      chatId: chatOf(people[0]!),
    });
    expect(test).toMatchObject({ status: 201, body: { kind: 'test' } });
    await tenant.untilEnded(test.body.id);
    await tenant.untilEnded(id);
    const texts = (await tenant.ledger()).map(({ text }) => text);
    const rank = texts.indexOf('Only me');
    expect(texts.slice(rank).filter((text) => text === 'The crowd').length).toBeGreaterThan(10);
    const list = await tenant.client.get<{ items: { id: string }[] }>('/broadcasts');
    expect(list.body.items.map((item) => item.id)).toEqual([id]);
    const tests = await tenant.client.get<{ items: { id: string }[] }>('/broadcasts?kind=test');
    expect(tests.body.items.map((item) => item.id)).toEqual([test.body.id]);

    await tenant.control.must('POST', `/people/${people[1]}/message`, {
      botId: bot.telegramId,
      text: '/stop',
    });
    await waitUntil(async () => (await tenant.chatOf(bot, people[1]!)).state === 'stopped', 30_000);
    expect(
      await tenant.client.post('/broadcasts/test', { message, chatId: chatOf(people[1]!) }),
    ).toMatchObject({ status: 409, body: { code: 'chat_not_active' } });
    const unknown = { message, chatId: '0199c3f0-5d8a-7c11-8a3e-2f1f6f0b1c22' };
    expect((await tenant.client.post('/broadcasts/test', unknown)).status).toBe(400);
  });

  it('sends a test ahead of more broadcasts than take turns', async () => {
    const crowd = await Promise.all(Array.from({ length: 20 }, (_, n) => tenant.broadcast(`Crowd ${n}`)));
    for (const { id } of crowd) await tenant.until(id, ({ state }) => state === 'sending');
    const [chat] = await tenant.chats(bot);
    const test = await tenant.client.post<{ id: string }>('/broadcasts/test', {
      message: { kind: 'text', text: 'Only me' },
      chatId: chat!.id,
    });
    expect(await tenant.untilEnded(test.body.id)).toMatchObject({ counts: { sent: 1 } });
    const list = await tenant.client.get<{ items: { state: string }[] }>('/broadcasts');
    expect(list.body.items.map(({ state }) => state)).toEqual(crowd.map(() => 'sending'));
    await Promise.all(crowd.map(({ id }) => tenant.client.post(`/broadcasts/${id}/cancel`)));
  });

  it('sends what is paid for beyond the free pace, and never for more Stars than were agreed to', async () => {
    const message = { kind: 'text', text: 'First in line' };
    const audience = { to: 'everybody' };
    const create = (more: object) =>
      tenant.client.post<{ id: string }>('/broadcasts', { message, audience, ...more });
    const preview = await tenant.client.post('/audience/preview', { audience });
    expect(preview.body).toMatchObject({ chats: PEOPLE, paid: { estimatedSeconds: 1, mostStars: 6 } });
    for (const more of [{ paid: true }, { maxStars: 6 }, { paid: true, maxStars: 5 }])
      expect((await create(more)).status).toBe(400);

    const { body } = await create({ paid: true, maxStars: 6 });
    expect(await tenant.untilEnded(body.id)).toMatchObject({ state: 'finished', counts: { sent: PEOPLE } });
    const arrivedMs = (await arrivals('First in line')).map(({ arrivedAtEpochMs }) => arrivedAtEpochMs);
    // At the free pace it takes two seconds.
    expect(Math.max(...arrivedMs) - Math.min(...arrivedMs)).toBeLessThan(1_500);
    expect((await tenant.summary()).violations).toBe(0);
  });

  it('pauses what its bot can not pay for, and goes on when it can', async () => {
    await tenant.fault('balance_too_low', { count: 1 });
    const { id } = await tenant.broadcast('On credit', { paid: true, maxStars: 6 });
    const paused = await tenant.until(id, ({ state, counts }) => state === 'paused' && counts.sending === 0);
    expect(paused).toMatchObject({ stateReason: 'not_enough_stars', counts: { failed: 0 } });
    await post(id, 'resume');
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { sent: PEOPLE, failed: 0 },
    });
  });

  it('plans nothing of a paused broadcast, and all of it when it is resumed', async () => {
    const { id } = await tenant.broadcast('Half planned');
    await tenant.untilPlanned(id);
    await post(id, 'pause');
    await waitUntil(() => scene.isLaneFree(bot.id), 30_000);
    // As if it had been paused before its second half was planned.
    const [{ no }] = (await scene.look<{ no: string }>('SELECT no FROM broadcasts WHERE id = $1', [id])) as [
      { no: string },
    ];
    const ofBroadcast = 'd.class = 1 AND d.source_no = $1 AND c.no = d.chat_no';
    await scene.look(
      `UPDATE broadcasts SET planned_at = NULL, plan_cursor = (SELECT c.id FROM deliveries d, chats c
         WHERE ${ofBroadcast} ORDER BY c.id OFFSET 39 LIMIT 1) WHERE no = $1`,
      [no],
    );
    await scene.look(
      `DELETE FROM deliveries d USING chats c, broadcasts b WHERE b.no = $1 AND ${ofBroadcast} AND c.id > b.plan_cursor`,
      [no],
    );
    await scene.look('UPDATE broadcasts SET planned = 40 WHERE no = $1', [no]);
    expect(await post(id, 'resume')).toMatchObject({ status: 200 });
    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { accepted: PEOPLE, sent: PEOPLE },
    });
  });
});

describe('a content that Telegram refuses', () => {
  const BOTS = 50;
  const CHATS_OF_A_BOT = 200;
  /** What is under way when the first refusal comes, at all bots, before everybody has heard of it. */
  const UNDER_WAY = 300;
  let scene: DeliveryScene;

  beforeAll(async () => {
    scene = await DeliveryScene.open({});
    await scene.start('api,scheduler,poller,worker');
    await scene.start('worker');
  });
  afterAll(() => scene.end());

  it('stops ten thousand deliveries of fifty bots in two processes with those that are under way', async () => {
    const tenant = await scene.signUp();
    await Promise.all(Array.from({ length: BOTS }, () => tenant.connectBot()));
    await scene.look(
      `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type)
       SELECT b.tenant_id, b.id, b.no, 7000000 + n, 'private' FROM bots b, generate_series(1, $1) n
       WHERE b.tenant_id = $2`,
      [CHATS_OF_A_BOT, tenant.account.tenantId],
    );
    await tenant.fault('bad_request');
    const { id } = await tenant.broadcast('Unreadable');
    const report = await tenant.untilEnded(id);
    expect(report).toMatchObject({ state: 'stopped', stateReason: 'bad_content' });
    const { accepted, failed, cancelled, reasons } = report.counts;
    console.log(`${failed} of ${accepted} were refused`);
    expect(failed).toBeGreaterThanOrEqual(1);
    expect(failed).toBeLessThanOrEqual(UNDER_WAY);
    expect(failed + cancelled).toBe(accepted);
    expect(reasons).toEqual([{ state: 'failed', reason: 'bad_content', count: failed }]);
    expect(await tenant.ledger('Unreadable')).toHaveLength(failed);
    expect(await tenant.client.post(`/broadcasts/${id}/resend`, { states: ['failed'] })).toMatchObject({
      status: 409,
      body: { code: 'broadcast_not_finished' },
    });
  });
});
