import { HostileScene } from './hostile-scene.js';

jest.setTimeout(60_000);

/** The same things at the same moment, by people who press twice and by programs that don't wait. */
describe('requests at the same time', () => {
  let scene: HostileScene;
  beforeAll(async () => {
    scene = await HostileScene.open();
  });
  afterAll(() => scene.end());

  const TIMES = 12;
  /** How often each status came. */
  async function tally(requests: Promise<{ status: number }>[]): Promise<Record<number, number>> {
    const counts: Record<number, number> = {};
    for (const { status } of await Promise.all(requests)) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }
  const times = (request: (n: number) => Promise<{ status: number }>) =>
    tally(Array.from({ length: TIMES }, (_, n) => request(n)));

  it('with one Idempotency-Key do one thing', async () => {
    const { client } = scene.ana;
    const before = await scene.bots.look<{ count: string }>('SELECT count(*) FROM messages');
    const body = { content: { kind: 'text', text: 'Once' } };
    const headers = { 'idempotency-key': 'at-the-same-time' };
    expect(await times(() => client.post('/messages', body, headers))).toEqual({ 201: TIMES });
    const after = await scene.bots.look<{ count: string }>('SELECT count(*) FROM messages');
    expect(Number(after[0]?.count)).toBe(Number(before[0]?.count) + 1);
  });

  it('connect a bot once, whoever asks', async () => {
    const { token } = await scene.bots.control.createBot();
    const answers = await times((n) =>
      (n % 2 ? scene.ana : scene.bia).client.post('/bots', { token, environment: 'sandbox' }),
    );
    expect(answers).toEqual({ 201: 1, 409: TIMES - 1 });
    const connected = await scene.bots.look(
      `SELECT FROM bots WHERE telegram_id = $1 AND state <> 'disconnected'`,
      [token.split(':')[0]],
    );
    expect(connected).toHaveLength(1);
  });

  it('sign up one account for an address', async () => {
    const { status } = await scene.ana.client.post('/tags', { name: 'unrelated' });
    expect(status).toBe(201);
    const person = {
      email: 'twice@example.org',
      password: 'correct horse battery',
      name: 'Ana',
      tenantName: 'A',
    };
    expect(
      await tally(Array.from({ length: 4 }, () => scene.ana.client.post('/auth/sign-up', person))),
    ).toEqual({
      201: 1,
      409: 3,
    });
  });

  it('make one tag of a name', async () => {
    expect(await times(() => scene.ana.client.post('/tags', { name: 'one' }))).toEqual({
      201: 1,
      409: TIMES - 1,
    });
  });

  it('tag the same chats in any order without standing in each other’s way', async () => {
    const { client, things } = scene.ana;
    const planted = await scene.bots.look<{ id: string }>(
      `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type)
       SELECT tenant_id, id, no, 1000 + n, 'private' FROM bots, generate_series(1, 2000) AS n WHERE id = $1 RETURNING id`,
      [things.botId],
    );
    const ids = planted.map(({ id }) => id);
    const backwards = [...ids].reverse();
    for (const n of [0, 1, 2]) await client.post('/tags', { name: `crowd ${n}` });
    const answers = await times((n) =>
      client.post('/chats/tags', { tag: `crowd ${n % 3}`, chatIds: n % 2 ? ids : backwards }),
    );
    expect(answers).toEqual({ 200: TIMES });
  });

  it('pause, resume, change and delete without a failure', async () => {
    const { client, things } = scene.ana;
    const requests = [
      () => client.post(`/schedules/${things.scheduleId}/pause`),
      () => client.post(`/schedules/${things.scheduleId}/resume`),
      () => client.patch(`/schedules/${things.scheduleId}`, { name: 'Other' }),
      () => client.post(`/bots/${things.botId}/pause`),
      () => client.post(`/bots/${things.botId}/resume`),
      () => client.post(`/broadcasts/${things.broadcastId}/cancel`),
      () => client.delete(`/messages/${things.messageId}`),
      () => client.delete(`/assets/${things.assetId}`),
      () => client.post('/broadcasts', { messageId: things.messageId, audience: { to: 'everybody' } }),
      () =>
        client.post('/messages', {
          content: { kind: 'document', assetId: things.assetId },
        }),
      () => client.delete(`/tags/${things.tag}`),
      () => client.put(`/chats/${things.chatId}/tags/${things.tag}`),
      () => client.delete(`/schedules/${things.scheduleId}`),
      () => client.delete(`/bots/${things.botId}`),
    ];
    const statuses = await tally([0, 1, 2].flatMap(() => requests.map((request) => request())));
    expect(Object.keys(statuses).filter((status) => Number(status) >= 500)).toEqual([]);
  });
});
