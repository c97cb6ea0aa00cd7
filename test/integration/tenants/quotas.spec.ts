import { randomUUID } from 'node:crypto';
import { type Answer } from '../../harness/client.js';
import { appointOperator, type SignedInOperator } from '../../harness/operators.js';
import { type SignedUpTenant } from '../../harness/accounts.js';
import { BotScene, waitUntil } from '../bots/bot-scene.js';

jest.setTimeout(60_000);

interface Usage {
  plan: { name: string };
  quotas: { name: string; limit: number | null; used: number | null; resetsAt: string | null }[];
}

/** A tenant's plan holds it where it makes more, and never where people meet its bots. */
describe('quotas', () => {
  let scene: BotScene;
  let url: string;
  let operator: SignedInOperator;
  let tenant: SignedUpTenant;
  beforeAll(async () => {
    scene = await BotScene.open();
    ({ url } = await scene.start('api,scheduler'));
    operator = await appointOperator({ url, database: scene.database });
  });
  afterAll(() => scene.end());
  beforeEach(async () => {
    tenant = await scene.signUp();
  });

  async function limit(limits: Record<string, number>): Promise<void> {
    const plan = await operator.client.post<{ id: string }>('/operator/plans', {
      name: `plan ${randomUUID()}`,
      limits,
    });
    const path = `/operator/tenants/${tenant.tenantId}/plan`;
    expect(await operator.client.put(path, { planId: plan.body.id })).toMatchObject({ status: 200 });
  }
  const usageOf = async (name: string) =>
    (await tenant.client.get<Usage>('/tenant/usage')).body.quotas.find((quota) => quota.name === name);
  function expectExcess(answer: Answer, name: string, most: number): void {
    expect(answer).toMatchObject({
      status: 402,
      body: { code: 'quota_exceeded', errors: [{ field: name, code: 'quota_exceeded' }] },
    });
    expect(answer.body['detail']).toContain(` ${most} `);
  }
  const schedule = (more = {}) =>
    tenant.client.post<{ id: string }>('/schedules', {
      name: 'Weekday',
      message: { kind: 'text', text: 'Hi' },
      audience: { to: 'everybody' },
      rule: { kind: 'cron', expression: '0 9 * * *' },
      ...more,
    });
  const broadcast = () =>
    tenant.client.post<{ id: string }>('/broadcasts', {
      message: { kind: 'text', text: 'Hi' },
      audience: { to: 'everybody' },
    });
  /** Chats that a bot met. */
  async function plantChats(count: number): Promise<void> {
    const bot = await scene.connect(tenant);
    await scene.look(
      `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type)
       SELECT tenant_id, id, no, n, 'private' FROM bots, generate_series(1, $2) AS n WHERE id = $1`,
      [bot.id, count],
    );
  }

  it('limit nothing on the plan that tenants get by themselves, and tell what is in use', async () => {
    await plantChats(3);
    expect((await schedule()).status).toBe(201);
    const { body } = await tenant.client.get<Usage>('/tenant/usage');
    expect(body.plan.name).toBe('unlimited');
    expect(
      Object.fromEntries(body.quotas.map(({ name, limit: most, used }) => [name, [most, used]])),
    ).toEqual({
      bots: [null, 1],
      chats: [null, 3],
      deliveriesPerDay: [null, 0],
      schedules: [null, 1],
      mediaBytes: [null, 0],
      members: [null, 1],
      apiRequestsPerMinute: [null, null],
    });
  });

  it('refuse a bot beyond the limit before Telegram hears of it, and count no disconnected one', async () => {
    await limit({ bots: 1 });
    const bot = await scene.connect(tenant);
    const next = await scene.control.createBot('Second');
    const connect = () => tenant.client.post('/bots', { token: next.token, environment: 'sandbox' });
    expectExcess(await connect(), 'bots', 1);
    expect((await tenant.client.delete(`/bots/${bot.id}`)).status).toBe(204);
    expect((await connect()).status).toBe(201);
    expect(await usageOf('bots')).toMatchObject({ limit: 1, used: 1 });
  });

  it('let only as many schedules pass as there is room for, also when all come at once', async () => {
    await limit({ schedules: 3 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => schedule()));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    for (const answer of answers.filter(({ status }) => status !== 201)) expectExcess(answer, 'schedules', 3);
    expect(await usageOf('schedules')).toMatchObject({ used: 3 });
  });

  it('refuse a file that does not fit, and keep nothing of it', async () => {
    await limit({ mediaBytes: 10 });
    const upload = async (text: string): Promise<Answer> => {
      const form = new FormData();
      form.append('file', new Blob([text], { type: 'text/plain' }), 'a.txt');
      const response = await fetch(`${url}/api/v1/assets`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tenant.accessToken}` },
        body: form,
      });
      return {
        status: response.status,
        headers: response.headers,
        body: (await response.json()) as Record<string, unknown>,
      };
    };
    expect((await upload('seven b')).status).toBe(201);
    expectExcess(await upload('four'), 'mediaBytes', 10);
    expect((await upload('two')).status).toBe(201);
    expect(await usageOf('mediaBytes')).toMatchObject({ limit: 10, used: 10 });
    expect(await scene.look('SELECT FROM assets WHERE tenant_id = $1', [tenant.tenantId])).toHaveLength(2);
  });

  it('refuse a file while it comes, and count what others upload at the same time', async () => {
    const chunk = Buffer.alloc(256 * 1024, 97);
    const most = 4 * chunk.length;
    await limit({ mediaBytes: most });
    const head = Buffer.from(
      '--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\n',
    );
    const headers = {
      authorization: `Bearer ${tenant.accessToken}`,
      'content-type': 'multipart/form-data; boundary=x',
    };
    const stored = async () =>
      (
        await scene.look<{ bytes: number }>(
          'SELECT coalesce(sum(length(bytes)), 0)::int AS bytes FROM asset_chunks WHERE tenant_id = $1',
          [tenant.tenantId],
        )
      )[0]?.bytes ?? 0;
    const send = (body: AsyncIterable<Uint8Array>) =>
      fetch(`${url}/api/v1/assets`, { method: 'POST', headers, body, duplex: 'half' });
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    /** Sends three chunks, and the end when it may. */
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.concat([head, chunk, chunk, chunk, chunk.subarray(0, 4)]);
      await finished;
      yield Buffer.from('\r\n--x--\r\n');
    }
    const first = send(slowly());
    await waitUntil(async () => (await stored()) === 3 * chunk.length);
    async function* atOnce(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.concat([head, chunk, chunk, Buffer.from('\r\n--x--\r\n')]));
    }
    const second = await send(atOnce());
    expectExcess(
      {
        status: second.status,
        headers: second.headers,
        body: (await second.json()) as Record<string, unknown>,
      },
      'mediaBytes',
      most,
    );
    finish();
    expect((await first).status).toBe(201);
    expect(await stored()).toBe(3 * chunk.length + 4);
    expect(await usageOf('mediaBytes')).toMatchObject({ used: 3 * chunk.length + 4 });
  });

  it('refuse a broadcast whose audience is larger than what is left of the day, whole', async () => {
    await limit({ deliveriesPerDay: 5 });
    await plantChats(3);
    expect((await broadcast()).status).toBe(201);
    expectExcess(await broadcast(), 'deliveriesPerDay', 5);
    const usage = await usageOf('deliveriesPerDay');
    expect(usage).toMatchObject({ limit: 5, used: 3 });
    expect(usage?.resetsAt).toMatch(/T00:00:00\.000Z$/);
    expect(await scene.look('SELECT FROM broadcasts WHERE tenant_id = $1', [tenant.tenantId])).toHaveLength(
      1,
    );
    // Another day begins at nothing.
    await scene.look('UPDATE broadcasts SET planned_on = planned_on - 1 WHERE tenant_id = $1', [
      tenant.tenantId,
    ]);
    expect((await broadcast()).status).toBe(201);
  });

  it('accept no more deliveries than allowed when broadcasts come at once', async () => {
    await limit({ deliveriesPerDay: 10 });
    await plantChats(3);
    const answers = await Promise.all(Array.from({ length: 8 }, broadcast));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 402, 402, 402, 402, 402]);
  });

  it('skip a due time that would exceed them, with the reason', async () => {
    await limit({ deliveriesPerDay: 2 });
    await plantChats(3);
    const { body } = await schedule({ rule: { kind: 'interval', everySeconds: 1 } });
    const occurrence = await waitUntil(async () => {
      const answer = await tenant.client.get<{ items: { state: string; reason: string }[] }>(
        `/schedules/${body.id}/occurrences`,
      );
      return answer.body.items.find(({ state }) => state !== 'waiting');
    });
    expect(occurrence).toMatchObject({ state: 'skipped', reason: 'quota_exceeded' });
    expect(await scene.look('SELECT FROM broadcasts WHERE tenant_id = $1', [tenant.tenantId])).toEqual([]);
    await tenant.client.delete(`/schedules/${body.id}`);
  });

  it('let people come beyond the chats of a plan, and hold broadcasts until it fits again', async () => {
    await limit({ chats: 2 });
    await plantChats(3);
    expectExcess(await broadcast(), 'chats', 2);
    await scene.look('DELETE FROM chats WHERE tenant_id = $1 AND telegram_chat_id = 3', [tenant.tenantId]);
    expect((await broadcast()).status).toBe(201);
  });

  it('take nothing away from a tenant whose plan became smaller', async () => {
    expect((await schedule()).status).toBe(201);
    const kept = await schedule();
    await limit({ schedules: 1 });
    expectExcess(await schedule(), 'schedules', 1);
    expect((await tenant.client.get(`/schedules/${kept.body.id}`)).status).toBe(200);
    expect(await usageOf('schedules')).toMatchObject({ limit: 1, used: 2 });
  });
});
