import { readdir, readFile, stat } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { ApiClient } from '../../harness/client.js';
import { PASSWORD } from '../../harness/accounts.js';
import { type SceneBot, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { callMethod, ControlClient } from '../sandbox/control-client.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';

jest.setTimeout(120_000);

interface Deletion {
  readonly dueAt: string;
  readonly restoreToken: string;
}

describe('deleting a tenant', () => {
  let scene: DeliveryScene;
  let url: string;
  let leaving: SceneTenant;
  let staying: SceneTenant;
  let bot: SceneBot;

  /** One of everything, made as people make it. */
  const settle = async (tenant: SceneTenant): Promise<SceneBot> => {
    const { client } = tenant;
    const made = await tenant.connectBot();
    await client.post('/webhooks', { url: 'http://127.0.0.1:9/', events: ['contact.created'] });
    const [person] = await tenant.startPeople(made, 2);
    await client.put(`/chats/${(await tenant.chatOf(made, person!)).id}/tags/customers`);
    const form = new FormData();
    form.append('file', new Blob(['bytes'], { type: 'text/plain' }), 'a.txt');
    const asset = await fetch(`${url}/api/v1/assets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.account.accessToken}`, 'idempotency-key': 'an-upload' },
      body: form,
    });
    const { id: assetId } = (await asset.json()) as { id: string };
    const { id } = await tenant.broadcast('', { message: { kind: 'document', assetId } });
    await tenant.untilEnded(id);
    await client.post('/schedules', {
      name: 'Soon',
      message: { kind: 'text', text: 'Hi' },
      audience: { to: 'everybody' },
      rule: { kind: 'interval', everySeconds: 1 },
    });
    await waitUntil(async () => (await counts(tenant)).get('occurrences') !== 0, 20_000);
    return made;
  };

  const tables = () =>
    scene.look<{ name: string; column: string }>(
      `SELECT relname AS name, CASE relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS column FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
         AND (relname = 'tenants' OR EXISTS (
           SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id' AND NOT attisdropped))`,
    );
  const counts = async ({ account }: SceneTenant): Promise<Map<string, number>> => {
    const found = new Map<string, number>();
    for (const { name, column } of await tables()) {
      const [row] = await scene.look<{ count: number }>(
        `SELECT count(*)::int AS count FROM ${name} WHERE ${column} = $1`,
        [account.tenantId],
      );
      found.set(name, row!.count);
    }
    return found;
  };
  const present = async (tenant: SceneTenant) =>
    [...(await counts(tenant))].filter(([, count]) => count > 0).map(([name]) => name);

  beforeAll(async () => {
    scene = await DeliveryScene.open({
      ...UNPACED,
      WEBHOOK_PRIVATE_TARGETS: 'true',
    });
    ({ url } = await scene.start('api,worker,poller,scheduler'));
    [leaving, staying] = [await scene.signUp(), await scene.signUp()];
    bot = await settle(leaving);
    await settle(staying);
  });
  afterAll(() => scene.end());

  const request = (tenantName: string) =>
    leaving.client.post<Deletion & { code: string }>('/tenant/deletion', {
      tenantName,
      password: PASSWORD,
    });
  const restore = (restoreToken: string) => new ApiClient(url).post('/tenant/restoration', { restoreToken });

  it('takes the name typed once more, suspends at once, and can be called off with the token', async () => {
    expect(await request('acme clinics')).toMatchObject({ status: 400 });
    const asked = await request('Acme Clinics');
    expect(asked).toMatchObject({ status: 200 });
    const days = (Date.parse(asked.body.dueAt) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(7);
    // Standing is remembered for a moment.
    await waitUntil(async () => (await leaving.client.get('/bots')).status === 403, 20_000);
    expect(await restore('nobody-was-given-this'.padEnd(43, '-'))).toMatchObject({ status: 404 });
    expect(await restore(asked.body.restoreToken)).toMatchObject({ status: 204 });
    expect(await restore(asked.body.restoreToken)).toMatchObject({ status: 404 });
    await waitUntil(async () => (await leaving.client.get('/bots')).status === 200, 20_000);
    const log = await leaving.client.get<{ items: { action: string }[] }>('/tenant/audit?limit=2');
    expect(log.body.items.map(({ action }) => action)).toEqual([
      'tenant.restored',
      'tenant.deletion_requested',
    ]);
  });

  it('leaves nothing of it in any table, and everything of the others', async () => {
    const [gone, kept] = [leaving, staying].map(
      ({ account }) => new ControlClient(scene.sandbox.url, account.tenantId),
    );
    const [goneBot, keptBot] = [await gone!.createBot(), await kept!.createBot()];
    const before = await present(leaving);
    expect(before.length).toBeGreaterThan(25);
    expect((await request('Acme Clinics')).status).toBe(200);
    const others = await counts(staying);
    await scene.look(`UPDATE tenant_deletions SET due_at = now() WHERE tenant_id = $1`, [
      leaving.account.tenantId,
    ]);
    await scene.start('scheduler');
    await waitUntil(async () => (await present(leaving)).length === 0, 60_000);

    expect(await present(leaving)).toEqual([]);
    for (const [table, count] of others)
      expect({ table, count: (await counts(staying)).get(table)! >= count }).toEqual({ table, count: true });
    expect(await scene.look('SELECT FROM users WHERE id = $1', [leaving.account.userId])).toEqual([]);
    expect(await scene.look('SELECT FROM users WHERE id = $1', [staying.account.userId])).toHaveLength(1);
    expect((await callMethod(scene.sandbox.url, goneBot.token, 'getMe')).status).toBe(401);
    expect((await callMethod(scene.sandbox.url, keptBot.token, 'getMe')).status).toBe(200);
    expect(await gone!.must('GET', '/bots')).toEqual({ bots: [] });
    const signIn = await new ApiClient(url).post('/auth/sign-in', {
      email: leaving.account.email,
      password: PASSWORD,
    });
    expect(signIn.status).toBe(401);
    const other = await staying.client.post<{ id: string }>('/bots', {
      token: bot.token,
      environment: 'sandbox',
    });
    expect(other.status).toBe(201);
  });

  it('has a way for every table: deleted row by row, or with what its rows belong to', async () => {
    const all = (await tables()).map(({ name }) => name);
    const deletable = await scene.look<{ name: string }>(
      `SELECT name FROM unnest($1::text[]) AS name WHERE has_table_privilege('arauto_dispatcher', name, 'DELETE')`,
      [all],
    );
    const cascades = await scene.look<{ child: string; parent: string }>(
      `SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent
       FROM pg_constraint WHERE contype = 'f' AND confdeltype = 'c'`,
    );
    const reached = new Set([...deletable.map(({ name }) => name), 'tenants']);
    for (let size = 0; size < reached.size;) {
      size = reached.size;
      for (const { child, parent } of cascades) if (reached.has(parent)) reached.add(child);
    }
    expect(all.filter((name) => !reached.has(name))).toEqual([]);
  });
});

describe('the mail about a deletion', () => {
  it('reaches every owner in a folder that nobody else reads', async () => {
    const scene = await DeliveryScene.open();
    try {
      const { home, mailbox } = await scene.start('api');
      const tenant = await scene.signUp();
      const { body } = await tenant.client.post<Deletion>('/tenant/deletion', {
        tenantName: 'Acme Clinics',
        password: PASSWORD,
      });
      await mailbox.receive(tenant.account.email, 2);
      const folder = join(home, 'mail');
      const texts = await Promise.all(
        (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')),
      );
      const mail = texts.filter((text) => text.includes(body.restoreToken));
      expect(mail).toHaveLength(1);
      expect(mail[0]).toContain(`To: ${tenant.account.email}`);
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
    } finally {
      await scene.end();
    }
  });

  it('holds up nobody where the mail server does not answer', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => socket.destroy())));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const scene = await DeliveryScene.open({
      SMTP_URL: `smtp://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      MAIL_FROM: 'arauto@example.org',
    });
    try {
      await scene.start('api');
      const tenant = await scene.signUp();
      const beforeMs = Date.now();
      const answer = await tenant.client.post<Deletion>('/tenant/deletion', {
        tenantName: 'Acme Clinics',
        password: PASSWORD,
      });
      expect(answer).toMatchObject({ status: 200 });
      expect(Date.now() - beforeMs).toBeLessThan(3_000);
      await waitUntil(() => sockets.length >= 2, 10_000);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
      await scene.end();
    }
  });
});
