import { Webhook } from 'standardwebhooks';
import { Receiver } from '../../harness/receiver.js';
import { type SceneBot, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';

jest.setTimeout(120_000);

interface Endpoint {
  readonly id: string;
  readonly secret: string;
  readonly isEnabled: boolean;
  readonly disabledReason: string | null;
}
interface Sent {
  readonly id: string;
  readonly event: string;
  readonly state: string;
  readonly attempts: number;
}

/** Everything works, on addresses of this machine; what strangers may name has its own tests. */
describe('webhooks', () => {
  let scene: DeliveryScene;
  let receiver: Receiver;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    receiver = await Receiver.open();
    scene = await DeliveryScene.open({ ...UNPACED, WEBHOOK_PRIVATE_TARGETS: 'true' });
    await scene.start();
    tenant = await scene.signUp();
  });
  afterAll(async () => {
    await scene.end();
    await receiver.close();
  });

  const create = async (events: string[], path = '/'): Promise<Endpoint> => {
    const answer = await tenant.client.post<Endpoint>('/webhooks', { url: receiver.url + path, events });
    expect(answer).toMatchObject({ status: 201 });
    return answer.body;
  };
  const deliveries = async (id: string): Promise<Sent[]> =>
    (await tenant.client.get<{ items: Sent[] }>(`/webhooks/${id}/deliveries`)).body.items;
  const untilState = async (id: string, state: string) => {
    await waitUntil(async () => (await deliveries(id))[0]?.state === state, 20_000);
    return (await deliveries(id))[0]!;
  };
  const at = (path: string) => receiver.received.filter((request) => request.path === path);

  it('tell of bots, people, /stop and broadcasts, each signed', async () => {
    const all = ['bot.connected', 'bot.stopped', 'contact.created', 'chat.stopped', 'broadcast.finished'];
    const endpoint = await create(all);
    bot = await tenant.connectBot();
    const [person] = await tenant.startPeople(bot, 2, 'Rui');
    await tenant.control.must('POST', `/people/${person}/message`, { botId: bot.telegramId, text: '/stop' });
    await waitUntil(() => receiver.events('chat.stopped').length > 0, 20_000);
    const { id } = await tenant.broadcast('Hello');
    await tenant.untilEnded(id);
    await waitUntil(() => receiver.events('broadcast.finished').length > 0, 20_000);
    await tenant.control.must('POST', `/bots/${bot.telegramId}/revoke-token`);
    await waitUntil(() => receiver.events('bot.stopped').length > 0, 30_000);

    expect(receiver.events('bot.connected')).toMatchObject([
      { data: { botId: bot.id, telegramId: bot.telegramId } },
    ]);
    const people = receiver.events('contact.created');
    expect(people).toHaveLength(2);
    expect(people[0]?.data).toMatchObject({
      botId: bot.id,
      firstName: expect.stringContaining('Rui') as string,
    });
    expect(receiver.events('chat.stopped')).toMatchObject([{ data: { telegramChatId: person } }]);
    expect(receiver.events('broadcast.finished')).toMatchObject([
      { data: { broadcastId: id, counts: { sent: 1, queued: 0, failed: 0 } } },
    ]);
    expect(receiver.events('bot.stopped')).toMatchObject([
      { data: { botId: bot.id, state: 'token_rejected' } },
    ]);
    for (const { text, headers } of receiver.received)
      expect(() => new Webhook(endpoint.secret).verify(text, headers)).not.toThrow();
    expect(() => new Webhook(endpoint.secret).verify('{}', receiver.received[0]!.headers)).toThrow(
      'No matching signature',
    );
    await tenant.client.delete(`/webhooks/${endpoint.id}`);
  });

  it('show the secret once and keep it sealed', async () => {
    const { id, secret } = await create(['bot.connected']);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const shown = await tenant.client.get(`/webhooks/${id}`);
    expect(JSON.stringify(shown.body)).not.toContain('whsec_');
    const rows = await scene.look<{ row: string }>('SELECT t::text AS row FROM webhook_endpoints t');
    const bytes = Buffer.from(secret).toString('hex');
    expect(rows.some(({ row }) => row.includes(secret) || row.includes(bytes))).toBe(false);
  });

  it('sign with both secrets after a rotation', async () => {
    const before = await create(['webhook.test'], '/rotated');
    const { body } = await tenant.client.post<Endpoint>(`/webhooks/${before.id}/secret`);
    expect(body.secret).not.toBe(before.secret);
    expect((await tenant.client.post(`/webhooks/${before.id}/test`)).status).toBe(200);
    await untilState(before.id, 'delivered');
    const [request] = at('/rotated');
    for (const secret of [before.secret, body.secret])
      expect(new Webhook(secret).verify(request!.text, request!.headers)).toMatchObject({
        type: 'webhook.test',
      });
  });

  it('are tried again later, with the answers in the log, and once more by the resend button', async () => {
    const { id } = await create(['webhook.test'], '/failing');
    receiver.answer = { status: 503, text: 'x'.repeat(5_000) };
    await tenant.client.post(`/webhooks/${id}/test`);
    await waitUntil(async () => (await deliveries(id))[0]?.attempts === 1, 20_000);
    const [first] = await deliveries(id);
    expect(first).toMatchObject({ state: 'waiting', attempts: 1 });

    receiver.answer = { status: 302, headers: { location: `${receiver.url}/elsewhere` } };
    await waitUntil(async () => (await deliveries(id))[0]?.attempts === 2, 20_000);
    expect(at('/elsewhere')).toEqual([]);

    receiver.answer = { status: 204 };
    const resent = await tenant.client.post(`/webhooks/${id}/deliveries/${first!.id}/resend`);
    expect(resent).toMatchObject({ status: 200, body: { state: 'waiting', attempts: 0 } });
    expect(await untilState(id, 'delivered')).toMatchObject({ id: first!.id, attempts: 1 });
    const details = await tenant.client.get<{ log: { status: number; answer: string }[] }>(
      `/webhooks/${id}/deliveries/${first!.id}`,
    );
    expect(details.body.log.map(({ status }) => status)).toEqual([204, 302, 503]);
    expect(details.body.log[2]!.answer).toBe('x'.repeat(1024));
    expect(new Set(at('/failing').map(({ headers }) => headers['webhook-id']))).toEqual(new Set([first!.id]));
    expect((await tenant.client.get<Endpoint>(`/webhooks/${id}`)).body).toMatchObject({ failingSince: null });
  });

  it('are disabled after days of failure, which the audit log tells, and enabled by hand', async () => {
    const { id } = await create(['webhook.test'], '/dead');
    await scene.look(
      `UPDATE webhook_endpoints SET failing_since = now() - interval '73 hours' WHERE id = $1`,
      [id],
    );
    receiver.answer = { status: 410 };
    await tenant.client.post(`/webhooks/${id}/test`);
    await waitUntil(
      async () => !(await tenant.client.get<Endpoint>(`/webhooks/${id}`)).body.isEnabled,
      20_000,
    );
    receiver.answer = { status: 204 };
    const log = await tenant.client.get<{ items: unknown[] }>('/tenant/audit?action=webhook.disabled');
    expect(log.body.items).toMatchObject([
      { actorKind: 'system', subjectId: id, details: { failingHours: 73 } },
    ]);
    expect((await tenant.client.post(`/webhooks/${id}/test`)).status).toBe(409);
    await scene.look(`UPDATE webhook_deliveries SET next_attempt_at = now() WHERE endpoint_id = $1`, [id]);
    const enabled = await tenant.client.patch<Endpoint>(`/webhooks/${id}`, { isEnabled: true });
    expect(enabled.body).toMatchObject({ isEnabled: true, disabledReason: null });
    await untilState(id, 'delivered');
  });

  it('give up after the tenth attempt', async () => {
    const { id } = await create(['webhook.test'], '/tenth');
    receiver.answer = { status: 500 };
    await scene.look(
      `INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event, data, attempts)
       SELECT tenant_id, id, 'webhook.test', '{}', 9 FROM webhook_endpoints WHERE id = $1`,
      [id],
    );
    expect(await untilState(id, 'failed')).toMatchObject({ attempts: 10 });
    receiver.answer = { status: 204 };
  });

  it('are sent to by hand ten times in a minute, each in the audit log with the host alone', async () => {
    const { id } = await create(['webhook.test'], '/secret-path');
    const [other] = [await create(['webhook.test'], '/other')];
    const answers = [];
    for (let n = 0; n < 10; n++) {
      answers.push(await tenant.client.post<Sent>(`/webhooks/${id}/test`));
      expect(answers.at(-1)).toMatchObject({ status: 200 });
    }
    const deliveryId = answers[0]!.body.id;
    for (const refused of [
      await tenant.client.post(`/webhooks/${id}/test`),
      await tenant.client.post(`/webhooks/${id}/deliveries/${deliveryId}/resend`),
    ]) {
      expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_sends' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await tenant.client.post(`/webhooks/${other.id}/test`)).status).toBe(200);

    await tenant.client.patch(`/webhooks/${id}`, {
      url: 'http://elsewhere.example/hidden',
      isEnabled: false,
    });
    await tenant.client.delete(`/webhooks/${id}`);
    const { body } = await tenant.client.get<{ items: { action: string; details: object }[] }>(
      '/tenant/audit?limit=200',
    );
    const own = body.items.filter((entry) => 'subjectId' in entry && entry.subjectId === id).reverse();
    expect(own.map(({ action }) => action)).toEqual([
      'webhook.created',
      ...answers.map(() => 'webhook.tested'),
      'webhook.changed',
      'webhook.deleted',
    ]);
    const host = new URL(receiver.url).host;
    expect(own[0]!.details).toEqual({ host, events: 'webhook.test' });
    expect(own.at(-2)!.details).toEqual({
      fields: 'url',
      hostFrom: host,
      hostTo: 'elsewhere.example',
      isEnabled: false,
    });
    expect(JSON.stringify(own)).not.toMatch(/secret-path|hidden/);
  });

  it('lose nothing while no worker is there, and send it once', async () => {
    const { id } = await create(['webhook.test'], '/waiting');
    await scene.look(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [tenant.account.tenantId]);
    await scene.look(
      `INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event, data)
       SELECT tenant_id, id, 'webhook.test', '{}' FROM webhook_endpoints, generate_series(1, 20) WHERE id = $1`,
      [id],
    );
    await scene.start('worker');
    await scene.look(`UPDATE tenants SET state = 'active' WHERE id = $1`, [tenant.account.tenantId]);
    await waitUntil(async () => (await deliveries(id)).every(({ state }) => state === 'delivered'), 20_000);
    const ids = at('/waiting').map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([20, 20]);
  });
});
