import { HostileScene, sendRaw, tellingParts } from './hostile-scene.js';

jest.setTimeout(60_000);

describe('the walls between tenants', () => {
  let scene: HostileScene;
  beforeAll(async () => {
    scene = await HostileScene.open();
  });
  afterAll(() => scene.end());

  it('keep tags of the same name apart', async () => {
    const { ana, bia } = scene;
    for (const { client, things } of [ana, bia]) {
      expect((await client.post('/tags', { name: 'both' })).status).toBe(201);
      expect((await client.put(`/chats/${things.chatId}/tags/both`)).status).toBe(200);
    }
    const preview = { audience: { to: 'tags', tags: ['both'] } };
    expect((await ana.client.post('/audience/preview', preview)).body).toMatchObject({ chats: 1 });
    expect((await ana.client.delete('/tags/both')).status).toBe(204);
    expect((await bia.client.post('/audience/preview', preview)).body).toMatchObject({ chats: 1 });
    expect((await ana.client.post('/audience/preview', preview)).status).toBe(400);
  });

  it('take any name for a tag that the bounds allow, also in an address', async () => {
    const { client, things } = scene.ana;
    for (const name of [
      '\u540d'.repeat(64),
      '\u{1f600}'.repeat(32),
      '100%',
      'a?b#c',
      "'; DROP TABLE tags; --",
      '{id}',
    ]) {
      const address = `/chats/${things.chatId}/tags/${encodeURIComponent(name)}`;
      expect(await client.put(address)).toMatchObject({ status: 200 });
      expect(
        (await client.get<{ items: unknown[] }>(`/chats?tag=${encodeURIComponent(name)}`)).body.items,
      ).toHaveLength(1);
      expect((await client.delete(address)).status).toBe(200);
      expect((await client.delete(`/tags/${encodeURIComponent(name)}`)).status).toBe(204);
    }
  });

  it('keep the same Idempotency-Key apart', async () => {
    const headers = { 'idempotency-key': 'the-same' };
    const body = { content: { kind: 'text', text: 'Hi' } };
    const [first, second] = [
      await scene.ana.client.post('/messages', body, headers),
      await scene.bia.client.post('/messages', body, headers),
    ];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body['id']).not.toBe(first.body['id']);
    const again = await scene.ana.client.post('/messages', body, headers);
    expect(again.body).toEqual(first.body);
  });

  it('do not tell a wrong webhook secret from an unknown path', async () => {
    const [bot] = await scene.bots.look<{ path: string }>(
      'SELECT webhook_path AS path FROM bots WHERE id = $1',
      [scene.ana.things.botId],
    );
    const path = bot?.path ?? '';
    expect(path).toHaveLength(43);
    const post = (to: string, headers: Record<string, string>, body = '{"update_id":1}') =>
      sendRaw(scene.application.url, 'POST', `/telegram/webhook/${to}`, { headers, body });
    const secretHeader = 'x-telegram-bot-api-secret-token';
    const unknown = tellingParts(await post('y'.repeat(43), { [secretHeader]: 'guess' }));
    expect(unknown.status).toBe(404);
    expect(tellingParts(await post(path, { [secretHeader]: 'guess' }))).toEqual(unknown);
    expect(tellingParts(await post(path, {}))).toEqual(unknown);
    expect(tellingParts(await post(path, { [secretHeader]: 'guess' }, '{'))).toEqual(unknown);
    expect(tellingParts(await post('short', { [secretHeader]: 'guess' }))).toEqual(unknown);
    expect(await scene.bots.look('SELECT FROM updates')).toEqual([]);
  });

  it('take the access of one door for no other', async () => {
    const granted = await scene.ana.client.post<{ accessToken: string }>('/sandbox/access');
    const api = await sendRaw(scene.application.url, 'GET', '/api/v1/bots', {
      token: granted.body.accessToken,
    });
    expect(api.status).toBe(401);
    const control = await sendRaw(scene.bots.sandbox.url, 'GET', '/sandbox/v1/bots', {
      token: scene.ana.accessToken,
    });
    expect(control.status).toBe(401);
  });
});
