import { randomUUID } from 'node:crypto';
import { absentThings, HostileScene, type RawAnswer, sendRaw, tellingParts } from './hostile-scene.js';
import { addressOf, type Operation, operations, type Things } from './operations.js';

jest.setTimeout(60_000);

/** Columns whose text must stay what it is, or the own tenant could no longer read its row. */
const NEEDED_AS_THEY_ARE = ['time_zone', 'language', 'api_root', 'email', 'password_hash', 'kind', 'method'];

/** Other texts than those that {@link HostileScene} plants already. */
async function plantCanaries(scene: HostileScene, tenantId: string, canary: string): Promise<number> {
  const columns = await scene.bots.look<{ table: string; column: string }>(
    `SELECT relname AS table, attname AS column FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND attnum > 0 AND NOT attisdropped AND atttypid = 'text'::regtype AND attname <> ALL ($1)
        AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id')
        AND NOT EXISTS (SELECT FROM pg_constraint
                        WHERE conrelid = pg_class.oid AND contype = 'c' AND attnum = ANY (conkey))`,
    [NEEDED_AS_THEY_ARE],
  );
  for (const { table, column } of columns) {
    await scene.bots.look(`UPDATE ${table} SET ${column} = $1 WHERE tenant_id = $2`, [canary, tenantId]);
  }
  await scene.bots.look('UPDATE tenants SET name = $1 WHERE id = $2', [canary, tenantId]);
  return columns.length;
}

describe('the walls between tenants', () => {
  let scene: HostileScene;
  beforeAll(async () => {
    scene = await HostileScene.open();
    for (const { tenantId, canary } of [scene.ana, scene.bia])
      expect(await plantCanaries(scene, tenantId, canary)).toBeGreaterThan(10);
    // Its events end at once.
    for (const { client, things } of [scene.ana, scene.bia])
      await client.post(`/broadcasts/${things.broadcastId}/cancel`);
  });
  afterAll(() => scene.end());

  const send = (operation: Operation, who: { accessToken: string }, things: Things, given: object = {}) =>
    sendRaw(scene.application.url, operation.method, addressOf(operation, operation.path?.(things) ?? {}), {
      token: who.accessToken,
      ...given,
    });

  const reading = operations.filter(({ method, role }) => method === 'GET' && role !== 'public');

  it('let nothing of a stranger into any answer', async () => {
    const { ana, bia } = scene;
    const secrets = [bia.canary, ...Object.values<string>({ ...bia.things }), bia.userId];
    const shown: string[] = [];
    for (const operation of reading) {
      const answer = await send(operation, ana, ana.things);
      expect({ operation: operation.id, status: answer.status }).toEqual({
        operation: operation.id,
        status: 200,
      });
      const text = answer.text + JSON.stringify([...answer.headers]);
      expect({ operation: operation.id, found: secrets.filter((secret) => text.includes(secret)) }).toEqual({
        operation: operation.id,
        found: [],
      });
      if (text.includes(ana.canary)) shown.push(operation.id);
    }
    // All but figures show the own canary, so a stranger's would have been seen.
    const figures = [
      'Chats.count',
      'Broadcast.findDeliveries',
      'Schedules.previewById',
      'Schedules.listOccurrences',
      'Calendar.readFeed',
      'QuietHours.list',
    ];
    expect(reading.map(({ id }) => id).filter((id) => !shown.includes(id))).toEqual(
      expect.arrayContaining(figures.filter((id) => !shown.includes(id))),
    );
    expect(shown.length).toBeGreaterThan(reading.length - figures.length - 3);
  });

  it("find nothing by a stranger's words, tags and ids", async () => {
    const { ana, bia } = scene;
    const filters: Record<string, (things: Things, word: string) => string[]> = {
      '/chats': ({ botId, tag }, word) => [`botId=${botId}`, `tag=${tag}`, `search=${word}`],
      '/contacts': ({ botId }, word) => [`botId=${botId}`, `search=${word}`],
      '/broadcasts': ({ scheduleId }) => [`scheduleId=${scheduleId}`],
      '/broadcasts/{id}/deliveries': ({ botId }) => [`botId=${botId}`],
    };
    const filtered = reading.filter(({ parameters }) =>
      parameters.some(({ in: place, name }) => place === 'query' && /Id$|^tag$|^search$/.test(name)),
    );
    expect(filtered.map(({ template }) => template.replace('/api/v1', '')).sort()).toEqual(
      Object.keys(filters).sort(),
    );
    for (const [path, queriesOf] of Object.entries(filters)) {
      const absent = absentThings();
      const other = queriesOf(absent, absent.tag);
      for (const [index, query] of queriesOf(bia.things, bia.canary).entries()) {
        const ask = (text = '') =>
          sendRaw(
            scene.application.url,
            'GET',
            `/api/v1${path.replace('{id}', ana.things.broadcastId)}?${text}`,
            { token: ana.accessToken },
          );
        const answer = await ask(query);
        expect({ query, ...tellingParts(answer) }).toEqual({
          query,
          ...tellingParts(await ask(other[index])),
        });
        expect(answer.text).toBe('{"items":[],"nextCursor":null}');
      }
    }
    for (const query of filters['/chats']?.(ana.things, ana.canary) ?? [])
      expect((await ana.client.get<{ items: unknown[] }>(`/chats?${query}`)).body.items).toHaveLength(1);
  });

  it.each(operations.filter(({ bodies }) => bodies).map((operation) => [operation.id, operation] as const))(
    "let %s not tell a stranger's things from absent ones",
    async (_, operation) => {
      const own = operation.bodies?.(scene.ana.things) ?? [];
      const absent = operation.bodies?.(absentThings()) ?? [];
      for (const [index, body] of (operation.bodies?.(scene.bia.things) ?? []).entries()) {
        if (JSON.stringify(body) === JSON.stringify(own[index])) continue;
        const ask = (given: unknown): Promise<RawAnswer> =>
          send(operation, scene.ana, scene.ana.things, { body: JSON.stringify(given) });
        const foreign = await ask(body);
        expect(tellingParts(foreign)).toEqual(tellingParts(await ask(absent[index])));
        expect(foreign.text).not.toContain(scene.bia.canary);
        // Without effect: the filter of a tagging fits nothing, a preview has no file to show, a change says so of each.
        if (foreign.status < 400)
          expect(['Chats.tagMany', 'Messages.preview', 'ScheduleBulk.change']).toContain(operation.id);
      }
    },
  );

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
    // The canary took its path: give it one as it would have.
    const path = randomUUID().replaceAll('-', '').padEnd(43, 'x');
    await scene.bots.look('UPDATE bots SET webhook_path = $1 WHERE id = $2', [path, scene.ana.things.botId]);
    expect(bot?.path).toBe(scene.ana.canary);
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

  it('let nobody of a suspended tenant do anything', async () => {
    await scene.bots.look(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [scene.ana.tenantId]);
    const stranger = await scene.bots.signUp('suspended soon');
    await scene.bots.look(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [stranger.tenantId]);
    for (const operation of operations.filter(({ role }) => role !== 'public')) {
      const { status, text } = await send(
        operation,
        stranger,
        absentThings(),
        operation.bodySchema && { body: '{}' },
      );
      expect({ id: operation.id, status, text }).toEqual({
        id: operation.id,
        status: 403,
        text: expect.stringContaining('"tenant_suspended"') as string,
      });
    }
  });
});
