import { DispatcherDatabase, TenantDatabase } from '../../../src/platform/database/index.js';
import {
  EXPORTED_TABLES,
  NOT_EXPORTED,
  NOT_EXPORTED_COLUMNS,
} from '../../../src/records/export/exported-tables.js';
import { PASSWORD } from '../../harness/accounts.js';
import { ExportsRepository } from '../../../src/records/export/exports.repository.js';
import { type SceneBot, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { unzip } from '../../harness/zip.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';

jest.setTimeout(120_000);

interface Export {
  readonly id: string;
  readonly state: string;
  readonly sizeBytes: number;
}

describe('the export of a tenant', () => {
  let scene: DeliveryScene;
  let url: string;
  let tenant: SceneTenant;
  let stranger: SceneTenant;
  let bot: SceneBot;
  const file = Buffer.from('a file of more than a chunk\n'.repeat(100_000));

  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    ({ url } = await scene.start());
    [tenant, stranger] = [await scene.signUp(), await scene.signUp()];
    for (const one of [tenant, stranger]) {
      bot = await one.connectBot();
      await one.startPeople(bot, 3, one === tenant ? 'Rui' : 'Stranger');
      await one.untilEnded((await one.broadcast('Hello')).id);
    }
    await scene.look(
      `INSERT INTO contacts (tenant_id, bot_id, telegram_user_id, first_name)
       SELECT bots.tenant_id, bots.id, n, 'Rui ' || n FROM bots, generate_series(1, 2500) AS n WHERE tenant_id = $1`,
      [tenant.account.tenantId],
    );
    const form = new FormData();
    form.append('file', new Blob([file], { type: 'text/plain' }), 'a.txt');
    const upload = await fetch(`${url}/api/v1/assets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.account.accessToken}` },
      body: form,
    });
    expect(upload.status).toBe(201);
  });
  afterAll(() => scene.end());

  const download = async (id: string) => {
    const answer = await fetch(`${url}/api/v1/tenant/exports/${id}/content`, {
      headers: { authorization: `Bearer ${tenant.account.accessToken}` },
    });
    return { status: answer.status, zip: Buffer.from(await answer.arrayBuffer()) };
  };
  const request = () => tenant.client.post<Export>('/tenant/exports', { password: PASSWORD });
  const untilReady = async (id: string): Promise<Export> => {
    const read = async () => (await tenant.client.get<Export>(`/tenant/exports/${id}`)).body;
    await waitUntil(async () => ['ready', 'failed'].includes((await read()).state), 30_000);
    return read();
  };

  it('has every row and file of the tenant, none of a stranger, and no secret', async () => {
    const asked = await request();
    expect(asked).toMatchObject({ status: 201, body: { state: 'waiting', sizeBytes: null } });
    const { state, sizeBytes } = await untilReady(asked.body.id);
    const { zip } = await download(asked.body.id);
    expect({ state, sizeBytes }).toEqual({ state: 'ready', sizeBytes: zip.length });

    const entries = unzip(zip);
    for (const { name } of EXPORTED_TABLES.filter((table) => table.name !== 'users')) {
      const column = name === 'tenants' ? 'id' : 'tenant_id';
      const [row] = await scene.look<{ count: number }>(
        `SELECT count(*)::int AS count FROM ${name} WHERE ${column} = $1`,
        [tenant.account.tenantId],
      );
      const lines = entries.get(`${name}.ndjson`)!.toString('utf8').split('\n').slice(0, -1);
      // Asking and fetching are written down as well.
      const later = name === 'audit_entries' ? 1 : 0;
      expect({ name, lines: lines.length }).toEqual({ name, lines: row!.count - later });
      expect(new Set(lines).size).toBe(lines.length);
      lines.forEach((line) => JSON.parse(line) as unknown);
    }
    // Compared by themselves: a matcher goes through megabytes byte by byte, which takes it seconds.
    const files = [...entries].filter(([name]) => name.startsWith('files/'));
    expect(files.map(([, bytes]) => bytes.equals(file))).toEqual([true]);

    const text = [...entries.values()].map((bytes) => bytes.toString('latin1')).join('\n');
    const secrets = await scene.look<{ secret: string }>(
      `SELECT webhook_path AS secret FROM bots WHERE tenant_id = $1
       UNION ALL SELECT encode(token_ciphertext, 'hex') FROM bots WHERE tenant_id = $1
       UNION ALL SELECT encode(wrapped_key, 'hex') FROM tenant_data_keys WHERE tenant_id = $1
       UNION ALL SELECT password_hash FROM users`,
      [tenant.account.tenantId],
    );
    expect(secrets.length).toBeGreaterThan(4);
    for (const { secret } of [...secrets, { secret: bot.token }]) expect(text).not.toContain(secret);
    expect(text).toContain('Rui');
    for (const foreign of ['Stranger', stranger.account.email, stranger.account.tenantId])
      expect(text).not.toContain(foreign);
  });

  it('is built one at a time, and is noted with who fetched it', async () => {
    const [first, second] = await Promise.all([request(), request()]);
    expect([first.status, second.status].sort()).toEqual([201, 409]);
    const { id } = (first.status === 201 ? first : second).body;
    await untilReady(id);
    const fetched = await tenant.client.get<{ items: unknown[] }>('/tenant/audit?action=export.downloaded');
    expect(fetched.body.items).toMatchObject([{ actorId: tenant.account.userId }]);
    expect((await stranger.client.get(`/tenant/exports/${id}`)).status).toBe(404);
  });

  it('is left to the newest attempt: a builder that was away changes nothing any more', async () => {
    const { app } = await scene.start('api');
    const exports = new ExportsRepository(app.get(DispatcherDatabase, { strict: false }));
    const database = app.get(TenantDatabase, { strict: false });
    const { tenantId } = stranger.account;
    const inTenant = <Result>(work: Parameters<typeof database.run<Result>>[1]) =>
      database.run(tenantId, work);
    const [row] = await scene.look<{ id: string }>(
      `INSERT INTO exports (tenant_id, requested_by, state, attempts, leased_until)
       VALUES ($1, $2, 'building', 2, now() + interval '1 hour') RETURNING id`,
      [tenantId, stranger.account.userId],
    );
    const [late, present] = [1, 2].map((attempts) => ({ id: row!.id, tenantId, attempts }));
    const bytes = Buffer.from('bytes');
    await inTenant((manager) => exports.insertChunk(manager, present!, 0, bytes));
    await inTenant((manager) => exports.markFailed(manager, late!, true));
    for (const work of [
      () => inTenant((manager) => exports.clear(manager, late!)),
      () => inTenant((manager) => exports.insertChunk(manager, late!, 1, bytes)),
      () => inTenant((manager) => exports.markReady(manager, late!, 5)),
    ])
      await expect(work()).rejects.toThrow('a newer attempt');
    expect(
      await scene.look(
        `SELECT state, (SELECT count(*)::int FROM export_chunks WHERE export_id = id) AS chunks
         FROM exports WHERE id = $1`,
        [row!.id],
      ),
    ).toEqual([{ state: 'building', chunks: 1 }]);
    await inTenant((manager) => exports.markReady(manager, present!, 5));
    expect((await stranger.client.get(`/tenant/exports/${row!.id}`)).body).toMatchObject({ state: 'ready' });
  });

  it('is built three times in an hour, and the three newest are kept', async () => {
    const { client, account } = stranger;
    const ask = () => client.post<Export>('/tenant/exports', { password: PASSWORD });
    await scene.look('DELETE FROM exports WHERE tenant_id = $1', [account.tenantId]);
    const ready = async () => {
      const asked = await ask();
      expect(asked.status).toBe(201);
      await waitUntil(
        async () => (await client.get<Export>(`/tenant/exports/${asked.body.id}`)).body.state === 'ready',
        30_000,
      );
      return asked.body.id;
    };
    const ids = [await ready(), await ready(), await ready()];
    const refused = await ask();
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_exports' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_000);
    await scene.look(`UPDATE exports SET created_at = now() - interval '2 hours' WHERE tenant_id = $1`, [
      account.tenantId,
    ]);
    ids.push(await ready());
    const { body } = await client.get<{ items: Export[] }>('/tenant/exports');
    expect(body.items.map(({ id }) => id)).toEqual(ids.slice(1).reverse());
    expect(await scene.look('SELECT FROM export_chunks WHERE export_id = $1', [ids[0]])).toEqual([]);
  });

  it('is gone once somebody is erased, since it still knows them', async () => {
    const { body } = await tenant.client.get<{ items: { id: string }[] }>('/contacts?limit=1');
    expect((await tenant.client.post(`/contacts/${body.items[0]!.id}/erase`)).status).toBe(204);
    expect((await tenant.client.get<{ items: unknown[] }>('/tenant/exports')).body.items).toEqual([]);
    expect(
      await scene.look('SELECT FROM export_chunks WHERE tenant_id = $1', [tenant.account.tenantId]),
    ).toEqual([]);
  });

  it('says of every table of tenants whether it is in it', async () => {
    const tables = await scene.look<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
         AND relkind IN ('r', 'p') AND NOT relispartition AND EXISTS (
           SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id' AND NOT attisdropped)`,
    );
    const said = new Set([...EXPORTED_TABLES.map(({ name }) => name), ...Object.keys(NOT_EXPORTED)]);
    expect(tables.map(({ name }) => name).filter((name) => !said.has(name))).toEqual([]);
  });

  it('says of every column whether it is in it', async () => {
    const columns = await scene.look<{ table: string; column: string }>(
      `SELECT relname AS table, attname AS column FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
       WHERE relname = ANY ($1) AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped`,
      [EXPORTED_TABLES.map(({ name }) => name)],
    );
    const there = columns
      .filter(({ column }) => column !== 'tenant_id')
      .map(({ table, column }) => `${table}.${column}`);
    const exported = EXPORTED_TABLES.flatMap(({ name, columns }) =>
      columns.map((column) => `${name}.${column}`),
    );
    const left = Object.keys(NOT_EXPORTED_COLUMNS);
    expect(there.filter((name) => !exported.includes(name) && !left.includes(name))).toEqual([]);
    // And nothing is named that isn't there, or named twice.
    expect([...exported, ...left].filter((name) => !there.includes(name))).toEqual([]);
    expect(left.filter((name) => exported.includes(name))).toEqual([]);
  });
});
