import { type Report, type SceneBot, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

describe('changing what a broadcast has sent', () => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    await scene.start();
  });
  afterAll(() => scene.end());

  beforeEach(async () => {
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
  });

  const text = (content: string) => ({ message: { kind: 'text', text: content } });
  const edit = (id: string, content: string) =>
    tenant.client.post<Report & { code?: string }>(`/broadcasts/${id}/edit`, text(content));
  const recall = (id: string) => tenant.client.post<Report & { code?: string }>(`/broadcasts/${id}/recall`);
  const sent = async (content: string): Promise<string> => {
    const { id } = await tenant.broadcast(content);
    await tenant.untilEnded(id);
    return id;
  };
  const ageDeliveries = (id: string, hours: number, most: number) =>
    scene.look(
      `UPDATE deliveries SET settled_at = settled_at - make_interval(hours => $2) WHERE (source_no, chat_no) IN (
         SELECT d.source_no, d.chat_no FROM deliveries d JOIN broadcasts b ON b.no = d.source_no
         WHERE b.id = $1 AND d.class = 1 ORDER BY d.chat_no LIMIT $3)`,
      [id, hours, most],
    );

  it('edits every message, each for its person, and takes what says so already for done', async () => {
    await tenant.startPeople(bot, 4);
    const id = await sent('Doors at 20');
    const change = await edit(id, 'Doors at 21, {{first_name|friend}}');
    expect(change).toMatchObject({ status: 201, body: { kind: 'edit', targetId: id } });
    expect(await tenant.untilEnded(change.body.id)).toMatchObject({
      state: 'finished',
      counts: { accepted: 4, sent: 4, reasons: [] },
    });
    const edits = await tenant.ledger('Doors at 21, Rui');
    expect(edits.map(({ method }) => method)).toEqual(Array(4).fill('editMessageText'));
    const again = await edit(id, 'Doors at 21, {{first_name|friend}}');
    expect(await tenant.untilEnded(again.body.id)).toMatchObject({
      counts: { sent: 4, reasons: [{ state: 'sent', reason: 'not_modified', count: 4 }] },
    });
    expect(await tenant.report(id)).toMatchObject({ state: 'finished', counts: { sent: 4 } });
  });

  it('deletes every message, once is enough, and makes sure where nobody could know', async () => {
    await tenant.startPeople(bot, 4);
    const id = await sent('Oh no');
    await tenant.fault('reset_after_effect', { method: 'deleteMessage', count: 1 });
    const change = await recall(id);
    expect(change).toMatchObject({ status: 201, body: { kind: 'recall', targetId: id } });
    expect(await tenant.untilEnded(change.body.id)).toMatchObject({
      state: 'finished',
      counts: { accepted: 4, sent: 4, unknown: 0, reasons: [{ reason: 'already_gone', count: 1 }] },
    });
    expect((await tenant.summary()).counts['deleteMessage']).toBeDefined();
    const again = await recall(id);
    expect(await tenant.untilEnded(again.body.id)).toMatchObject({
      counts: { sent: 4, reasons: [{ state: 'sent', reason: 'already_gone', count: 4 }] },
    });
  });

  it('reaches who pressed /stop since, and passes over what Telegram no longer deletes', async () => {
    const [stopped] = await tenant.startPeople(bot, 4);
    const id = await sent('Yesterday');
    await scene.look(`UPDATE chats SET state = 'stopped' WHERE telegram_chat_id = $1`, [stopped]);
    await ageDeliveries(id, 49, 2);
    const change = await recall(id);
    expect(await tenant.untilEnded(change.body.id)).toMatchObject({
      counts: { accepted: 4, sent: 2, skipped: 2, reasons: [{ reason: 'too_old', count: 2 }] },
    });
    await ageDeliveries(id, 49, 4);
    expect(await recall(id)).toMatchObject({ status: 409, body: { code: 'too_old' } });
    const late = await edit(id, 'Last week');
    expect(await tenant.untilEnded(late.body.id)).toMatchObject({ counts: { sent: 2, failed: 2 } });
  });

  it('leaves alone what a group left behind when it became a supergroup', async () => {
    const group = await tenant.addGroup(bot);
    const id = await sent('To the group');
    await tenant.control.must('POST', `/groups/${group}/upgrade`);
    // Whoever writes next learns of it; the next message may have the very number of the first.
    await sent('To the supergroup');
    const change = await recall(id);
    expect(await tenant.untilEnded(change.body.id)).toMatchObject({
      counts: { accepted: 1, skipped: 1, reasons: [{ reason: 'chat_migrated', count: 1 }] },
    });
    expect((await tenant.summary()).counts['deleteMessage']).toBeUndefined();
  });

  it('stops an edit whose content Telegram refuses', async () => {
    await tenant.startPeople(bot, 3);
    const id = await sent('Readable');
    await tenant.fault('bad_request', { method: 'editMessageText' });
    const change = await edit(id, 'Unreadable');
    expect(await tenant.untilEnded(change.body.id)).toMatchObject({
      state: 'stopped',
      stateReason: 'bad_content',
    });
  });

  it('can be paused, and goes on', async () => {
    await tenant.startPeople(bot, 3);
    const id = await sent('Take one');
    await tenant.fault('too_many_requests', { method: 'editMessageText', retryAfterSeconds: 1, count: 3 });
    const change = await edit(id, 'Take two');
    await tenant.client.post(`/broadcasts/${change.body.id}/pause`);
    expect(await edit(id, 'Take three')).toMatchObject({ status: 409, body: { code: 'change_going_on' } });
    expect(await tenant.client.post(`/broadcasts/${id}/resend`, { states: ['failed'] })).toMatchObject({
      status: 409,
    });
    await tenant.client.post(`/broadcasts/${change.body.id}/resume`);
    expect(await tenant.untilEnded(change.body.id)).toMatchObject({ counts: { sent: 3 } });
  });

  it('is refused where it makes no sense, and begun once where two ask for it', async () => {
    await tenant.startPeople(bot, 2);
    const id = await sent('Plain');
    const photo = { message: { kind: 'photo', url: 'https://example.org/a.jpg' } };
    expect((await tenant.client.post(`/broadcasts/${id}/edit`, photo)).status).toBe(400);
    const [one, other] = await Promise.all([edit(id, 'One'), edit(id, 'Other')]);
    const statuses = [one.status, other.status].sort();
    const begun = one.status === 201 ? one : other;
    await tenant.untilEnded(begun.body.id);
    expect(statuses[0]).toBe(201);
    expect(await edit(begun.body.id, 'Again')).toMatchObject({
      status: 409,
      body: { code: 'not_changeable' },
    });
    const nobody = await tenant.broadcast('Nobody', {
      audience: { to: 'everybody', chatTypes: ['channel'] },
    });
    await tenant.untilEnded(nobody.id);
    expect(await recall(nobody.id)).toMatchObject({ status: 409, body: { code: 'nothing_sent' } });
    const stranger = await scene.signUp();
    expect((await stranger.client.post(`/broadcasts/${id}/recall`)).status).toBe(404);
  });

  it('deletes nothing of what was cancelled while a message of it is still under way', async () => {
    await tenant.startPeople(bot, 3);
    await tenant.control.must('PUT', '/latency', { botId: bot.telegramId, minimumMs: 3_000 });
    const { id } = await tenant.broadcast('Too late');
    await tenant.until(id, ({ counts }) => counts.sending === 3);
    expect(await tenant.client.post<Report>(`/broadcasts/${id}/cancel`)).toMatchObject({
      body: { state: 'cancelled', counts: { sending: 3 } },
    });
    expect(await recall(id)).toMatchObject({ status: 409, body: { code: 'broadcast_going_on' } });
    await tenant.control.must('PUT', '/latency', { botId: bot.telegramId, minimumMs: 0 });
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'cancelled', counts: { sent: 3 } });
    expect(await tenant.untilEnded((await recall(id)).body.id)).toMatchObject({ counts: { sent: 3 } });
  });
});
