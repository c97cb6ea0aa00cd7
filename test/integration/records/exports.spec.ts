import { EXPORTED_TABLES, NOT_EXPORTED } from '../../../src/records/export/exported-tables.js';
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
  const untilReady = async (id: string): Promise<Export> => {
    const read = async () => (await tenant.client.get<Export>(`/tenant/exports/${id}`)).body;
    await waitUntil(async () => ['ready', 'failed'].includes((await read()).state), 30_000);
    return read();
  };

  it('has every row and file of the tenant, none of a stranger, and no secret', async () => {
    const asked = await tenant.client.post<Export>('/tenant/exports');
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
    const [first, second] = await Promise.all([
      tenant.client.post<Export>('/tenant/exports'),
      tenant.client.post<Export>('/tenant/exports'),
    ]);
    expect([first.status, second.status].sort()).toEqual([201, 409]);
    const { id } = (first.status === 201 ? first : second).body;
    await untilReady(id);
    const fetched = await tenant.client.get<{ items: unknown[] }>('/tenant/audit?action=export.downloaded');
    expect(fetched.body.items).toMatchObject([{ actorId: tenant.account.userId }]);
    expect((await stranger.client.get(`/tenant/exports/${id}`)).status).toBe(404);
  });

  it('is gone once somebody is erased, since it still knows them', async () => {
    const { body } = await tenant.client.get<{ items: { id: string }[] }>('/contacts?limit=1');
    expect((await tenant.client.post(`/contacts/${body.items[0]!.id}/erase`)).status).toBe(204);
    expect((await tenant.client.get<{ items: unknown[] }>('/tenant/exports')).body.items).toEqual([]);
    expect(await scene.look('SELECT FROM export_chunks')).toEqual([]);
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
});
