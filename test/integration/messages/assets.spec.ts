import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import pg from 'pg';
import { AssetFiles, AssetGoneError, AssetStore } from '../../../src/messages/index.js';
import { asBotId } from '../../../src/platform/identity/index.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { signUpTenant, type SignedUpTenant } from '../../harness/accounts.js';
import { waitUntil } from '../../harness/wait.js';

jest.setTimeout(60_000);

const MEGABYTE = 1024 * 1024;
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

describe('assets over HTTP on a real database', () => {
  let application: TestApplication;
  let tenant: SignedUpTenant;
  let stranger: SignedUpTenant;
  let database: pg.Client;

  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    tenant = await signUpTenant(application.url);
    stranger = await signUpTenant(application.url);
    database = new pg.Client({ connectionString: application.database.urls.dispatcher });
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await application.close();
  });

  const upload = async (
    bytes: Buffer,
    { query = '', type = 'application/pdf', name = 'a.pdf', field = 'file', headers = {} } = {},
  ) => {
    const form = new FormData();
    form.append(field, new Blob([new Uint8Array(bytes)], { type }), name);
    const response = await fetch(`${application.url}/api/v1/assets${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.accessToken}`, ...headers },
      body: form,
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const countRows = async (): Promise<number> => {
    const { rows } = await database.query<{ count: string }>(
      'SELECT (SELECT count(*) FROM assets) + (SELECT count(*) FROM asset_chunks) AS count',
    );
    return Number(rows[0]?.count);
  };

  it('takes 12 MB in chunks and gives them back as they were', async () => {
    const bytes = randomBytes(12 * MEGABYTE + 123);
    const created = await upload(bytes, { name: 'Relatório 😀.pdf' });
    expect(created).toMatchObject({
      status: 201,
      body: {
        fileName: 'Relatório 😀.pdf',
        contentType: 'application/pdf',
        sizeBytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
    });
    const id = String(created.body['id']);
    const { rows } = await database.query<{ chunks: string; largest: number }>(
      'SELECT count(*) AS chunks, max(length(bytes)) AS largest FROM asset_chunks WHERE asset_id = $1',
      [id],
    );
    expect(rows[0]).toEqual({ chunks: '49', largest: 256 * 1024 });

    const response = await fetch(`${application.url}/api/v1/assets/${id}/content`, {
      headers: { authorization: `Bearer ${tenant.accessToken}` },
    });
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment;.*filename\*=UTF-8''Relat%C3%B3rio/,
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-length')).toBe(String(bytes.length));
    expect(bytes.equals(Buffer.from(await response.arrayBuffer()))).toBe(true);

    const asset = await application.app.get(AssetStore).open(id);
    const pieces: Buffer[] = [];
    for await (const piece of asset!.read()) pieces.push(piece);
    expect(asset).toMatchObject({ fileName: 'Relatório 😀.pdf', sizeBytes: bytes.length });
    expect(bytes.equals(Buffer.concat(pieces))).toBe(true);
  });

  it('tells whoever reads a file that was deleted meanwhile, instead of ending early', async () => {
    const { body } = await upload(randomBytes(MEGABYTE));
    const asset = await application.app.get(AssetStore).open(String(body['id']));
    let received = 0;
    const read = async () => {
      for await (const piece of asset!.read()) {
        if (received === 0) await tenant.client.delete(`/assets/${String(body['id'])}`);
        received += piece.length;
      }
    };
    await expect(read()).rejects.toThrow(AssetGoneError);
    expect(received).toBe(52 * 1024);
  });

  it.each([
    [
      'a photo over 10 MB',
      Buffer.concat([PNG, Buffer.alloc(10 * MEGABYTE)]),
      { query: '?kind=photo', type: 'image/png' },
      413,
      'file_too_large',
    ],
    ['a document over 50 MB', Buffer.alloc(50 * MEGABYTE + 1), {}, 413, 'file_too_large'],
    [
      'a photo that is none',
      Buffer.from('%PDF-1.7'),
      { query: '?kind=photo', type: 'image/png' },
      400,
      'invalid_input',
    ],
    ['an empty file', Buffer.alloc(0), {}, 400, 'invalid_input'],
    ['another field', Buffer.from('a'), { field: 'photo' }, 400, 'invalid_input'],
    ['an unknown kind', Buffer.from('a'), { query: '?kind=film' }, 400, 'invalid_input'],
  ])('refuses %s and keeps nothing of it', async (_, bytes, options, status, code) => {
    const before = await countRows();
    expect(await upload(bytes, options)).toMatchObject({ status, body: { code } });
    expect(await countRows()).toBe(before);
  });

  it('takes a photo of 10 MB', async () => {
    const bytes = Buffer.concat([PNG, Buffer.alloc(10 * MEGABYTE - PNG.length)]);
    expect(await upload(bytes, { query: '?kind=photo', type: 'text/plain' })).toMatchObject({
      status: 201,
      body: { contentType: 'image/png' },
    });
  });

  it('refuses a body that is no form', async () => {
    const answer = await tenant.client.post('/assets', { file: 'x' });
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  it('keeps nothing of an upload that broke off', async () => {
    const before = await countRows();
    const { hostname, port } = new URL(application.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /api/v1/assets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tenant.accessToken}\r\n` +
        `content-type: multipart/form-data; boundary=B\r\ncontent-length: 9000000\r\n\r\n` +
        `--B\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n`,
    );
    socket.write(Buffer.alloc(2 * MEGABYTE));
    await waitUntil(async () => (await countRows()) > before + 2);
    const listed = await tenant.client.get<{ items: { fileName: string; sizeBytes: number }[] }>('/assets');
    expect(listed.body.items.every((item) => item.sizeBytes > 0)).toBe(true);
    socket.destroy();
    await waitUntil(async () => (await countRows()) === before);
  });

  it('sweeps what a dead process left', async () => {
    const store = application.app.get(AssetStore);
    await database.query(
      `INSERT INTO assets (tenant_id, file_name, content_type, created_at) VALUES
         ($1, 'old', '', now() - interval '2 hours'), ($1, 'new', '', now())`,
      [tenant.tenantId],
    );
    expect(await store.sweepUnfinished(3600)).toBe(1);
    expect(await store.sweepUnfinished(0)).toBe(1);
  });

  it('breaks a download off when the file is deleted meanwhile, and answers nothing else on that connection', async () => {
    const bytes = 30 * MEGABYTE;
    const { body } = await upload(randomBytes(bytes));
    const path = `/api/v1/assets/${String(body['id'])}/content`;
    const { port, hostname } = new URL(application.url);
    const socket = connect(Number(port), hostname);
    const ask = `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${tenant.accessToken}\r\n\r\n`;
    let received = 0;
    // Its end may be an error: a connection that is broken off resets what was under way.
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.write(ask);
    const begun = new Promise<void>((resolve) => {
      socket.on('data', (data: Buffer) => {
        received += data.length;
        if (received === data.length) socket.pause();
        resolve();
      });
    });
    await begun;
    expect((await tenant.client.delete(`/assets/${String(body['id'])}`)).status).toBe(204);
    socket.resume();
    await closed;
    expect(received).toBeLessThan(bytes);
  });

  it('takes a file once per Idempotency-Key, and the key for one file only', async () => {
    const headers = { 'idempotency-key': 'file-1' };
    const one = await upload(Buffer.from('a'), { headers });
    const before = await countRows();
    const again = await upload(Buffer.from('a'), { headers });
    expect(again).toMatchObject({ status: 201, body: { id: one.body['id'] } });
    expect(await upload(Buffer.from('b'), { headers })).toMatchObject({ status: 422 });
    expect(await countRows()).toBe(before);
  });

  it('guards files that messages use, and shows none to another tenant', async () => {
    const { body } = await upload(Buffer.from('a'));
    const path = `/assets/${String(body['id'])}`;
    expect(await tenant.client.get(path)).toMatchObject({ status: 200, body });
    for (const suffix of ['', '/content'])
      expect((await stranger.client.get(path + suffix)).status).toBe(404);
    expect((await stranger.client.delete(path)).status).toBe(404);
    const foreign = await stranger.client.post('/messages', {
      content: { kind: 'document', assetId: body['id'] },
    });
    expect(foreign).toMatchObject({ status: 400, body: { errors: [{ field: 'content.assetId' }] } });

    const photo = await tenant.client.post('/messages', { content: { kind: 'photo', assetId: body['id'] } });
    expect(photo).toMatchObject({ status: 400, body: { errors: [{ code: 'unfit_asset' }] } });
    const message = await tenant.client.post('/messages', {
      content: { kind: 'document', assetId: body['id'] },
    });
    expect(message.status).toBe(201);
    expect(await tenant.client.delete(path)).toMatchObject({ status: 409, body: { code: 'asset_in_use' } });
    await tenant.client.delete(`/messages/${String(message.body['id'])}`);
    expect((await tenant.client.delete(path)).status).toBe(204);
    await expect(application.app.get(AssetStore).open(String(body['id']))).resolves.toBeUndefined();
  });

  it('remembers one file_id per bot, asset and kind', async () => {
    const { body } = await upload(Buffer.from('a'));
    const assetId = String(body['id']);
    const plantBot = async (tenantId: string, telegramId: number) => {
      const { rows } = await database.query<{ id: string }>(
        `INSERT INTO bots (tenant_id, environment, api_root, telegram_id, first_name, token_key_version, token_fingerprint, webhook_path, name)
         VALUES ($1, 'sandbox', 'http://x', $2, 'Bot', 1, '', $3, 'Bot') RETURNING id`,
        [tenantId, telegramId, `path-${telegramId}`],
      );
      return asBotId(rows[0]?.id ?? '');
    };
    const files = application.app.get(AssetFiles);
    const own = { botId: await plantBot(tenant.tenantId, 1), assetId, kind: 'document' } as const;
    const foreign = { ...own, botId: await plantBot(stranger.tenantId, 2) };
    const photo = { ...own, kind: 'photo' } as const;
    expect(await files.find(own)).toBeUndefined();
    await files.remember(own, 'one');
    await files.remember(own, 'two');
    await files.remember(foreign, 'three');
    expect(await Promise.all([own, photo, foreign, own].map((use) => files.find(use)))).toEqual([
      'two',
      undefined,
      undefined,
      'two',
    ]);
    expect(await files.replace(own, 'one')).toBe('two');
    expect(await files.replace(own, 'two')).toBeUndefined();
    expect(await files.find(own)).toBeUndefined();
  });
});
