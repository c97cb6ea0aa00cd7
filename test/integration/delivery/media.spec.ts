import { Client } from 'pg';
import { type TestApplication } from '../../harness/application.js';
import { type LedgerRow, type SceneBot, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

const mp4 = (bytes: number): Buffer =>
  Buffer.concat([Buffer.from([0, 0, 0, 32]), Buffer.from('ftypisom'), Buffer.alloc(bytes - 12, 1)]);

/** The first bytes of a file of each kind. */
const FILES = {
  photo: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  document: Buffer.from('%PDF-1.7'),
  video: mp4(64),
  animation: Buffer.from('GIF89a'),
  audio: Buffer.from('ID3\x04'),
  voice: Buffer.from(`OggS${'\0'.repeat(24)}OpusHead`),
  video_note: mp4(64),
  sticker: Buffer.from('RIFF\x10\0\0\0WEBP'),
} as const;
type Kind = keyof typeof FILES;
const KINDS = Object.keys(FILES) as Kind[];

describe('media', () => {
  let scene: DeliveryScene;
  let api: TestApplication;
  let worker: TestApplication;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    api = await scene.start('api,scheduler,poller');
    worker = await scene.start('worker');
  });
  afterAll(() => scene.end());

  beforeEach(async () => {
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
  });

  const restartWorker = async (): Promise<void> => {
    await scene.close(worker);
    worker = await scene.start('worker');
  };
  const store = async (kind: Kind, bytes: Buffer, fileName = `a-${kind}`): Promise<string> => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)]), fileName);
    const response = await fetch(`${api.url}/api/v1/assets?kind=${kind}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.account.accessToken}` },
      body: form,
    });
    const asset = (await response.json()) as { id: string };
    if (response.status !== 201) throw new Error(`Not stored: ${JSON.stringify(asset)}`);
    return asset.id;
  };
  const openSession = async (): Promise<Client> => {
    const session = new Client({ connectionString: scene.database.urls.superuser });
    await session.connect();
    return session;
  };
  const send = async (message: Record<string, unknown>): Promise<string> =>
    (await tenant.broadcast('', { message })).id;
  const callsOf = async (method: string): Promise<LedgerRow[]> =>
    (await tenant.ledger()).filter((row) => row.method === method);
  /** Without a caption, the ledger shows the name of a file that came along, and of one that was named nothing. */
  const uploadsOf = async (method: string): Promise<LedgerRow[]> =>
    (await callsOf(method)).filter(({ text }) => text !== '');
  const fileIdsOf = (assetId: string) =>
    scene.look<{ file_id: string }>('SELECT file_id FROM asset_files WHERE asset_id = $1', [assetId]);

  it.each(KINDS)('brings a %s once, and names it from then on', async (kind) => {
    await tenant.startPeople(bot, 3);
    const assetId = await store(kind, FILES[kind]);
    const method = `send${kind.replace(/(?:^|_)(\w)/g, (_match, letter: string) => letter.toUpperCase())}`;
    const id = await send({ kind, assetId });
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 3 } });
    expect(await uploadsOf(method)).toHaveLength(1);
    expect((await callsOf(method)).filter(({ hasEffect }) => hasEffect)).toHaveLength(3);
    for (const { telegramChatId } of await tenant.chats(bot)) {
      const seen = await tenant.control.messages(telegramChatId, bot.telegramId);
      expect(seen.filter((message) => kind in message)).toHaveLength(1);
    }
  });

  it('is shown as it was asked for', async () => {
    const [person] = await tenant.startPeople(bot, 1);
    const assetId = await store('video', FILES.video);
    const shown = { showCaptionAboveMedia: true, hasSpoiler: true, supportsStreaming: true };
    const id = await send({ kind: 'video', assetId, caption: 'Look, <b>{{first_name|you}}</b>', ...shown });
    // The sandbox refuses what the method doesn't have.
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 1 } });
    const seen = await tenant.control.messages(person!, bot.telegramId);
    expect(seen.find(({ caption }) => caption)).toMatchObject({
      caption: 'Look, Rui',
      show_caption_above_media: true,
      has_media_spoiler: true,
    });
  });

  it('is uploaded once while a hundred wait for it, and texts of the same bot pass', async () => {
    await tenant.startPeople(bot, 100);
    const assetId = await store('video', mp4(3 * 1024 * 1024), 'film.mp4');
    await tenant.control.must('PUT', '/latency', { minimumMs: 1_000 });
    const video = await send({ kind: 'video', assetId });
    await waitUntil(async () => (await callsOf('sendVideo')).length > 0, 30_000);
    const text = await tenant.broadcast('Meanwhile');
    expect(await tenant.untilEnded(text.id)).toMatchObject({ counts: { sent: 100 } });
    expect(await tenant.untilEnded(video)).toMatchObject({ state: 'finished', counts: { sent: 100 } });
    const uploads = await uploadsOf('sendVideo');
    expect(uploads.map((row) => row.text)).toEqual([`film.mp4 (${3 * 1024 * 1024} bytes)`]);
    const [, secondVideo] = await callsOf('sendVideo');
    const [firstText] = await tenant.ledger('Meanwhile');
    expect(firstText!.arrivedAtUs).toBeLessThan(secondVideo!.arrivedAtUs);
  });

  it('is not uploaded again by the next process', async () => {
    await tenant.startPeople(bot, 5);
    const assetId = await store('document', FILES.document);
    await tenant.untilEnded(await send({ kind: 'document', assetId }));
    await restartWorker();
    const again = await send({ kind: 'document', assetId });
    expect(await tenant.untilEnded(again)).toMatchObject({ counts: { sent: 5 } });
    expect(await uploadsOf('sendDocument')).toHaveLength(1);
  });

  it('is brought by the next one where an upload was cut, or its answer lost', async () => {
    await tenant.startPeople(bot, 20);
    const assetId = await store('audio', Buffer.concat([FILES.audio, Buffer.alloc(1024 * 1024)]));
    await tenant.fault('refuse', { method: 'sendAudio', count: 2 });
    await tenant.fault('reset_before_effect', { method: 'sendAudio', count: 1 });
    const id = await send({ kind: 'audio', assetId });
    expect(await tenant.untilEnded(id)).toMatchObject({ counts: { sent: 19, unknown: 1, failed: 0 } });
    const effects = (await uploadsOf('sendAudio')).filter(({ hasEffect }) => hasEffect);
    expect(effects).toHaveLength(1);
  });

  it('is uploaded once more where Telegram no longer knows the name, and nobody goes without', async () => {
    await tenant.startPeople(bot, 80);
    const assetId = await store('photo', FILES.photo);
    await tenant.untilEnded(await send({ kind: 'photo', assetId }));
    await scene.look(`UPDATE asset_files SET file_id = 'forgotten' WHERE asset_id = $1`, [assetId]);
    await restartWorker();
    const id = await send({ kind: 'photo', assetId });
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 80, failed: 0 } });
    expect(await uploadsOf('sendPhoto')).toHaveLength(2);
    expect(await fileIdsOf(assetId)).not.toContainEqual({ file_id: 'forgotten' });
  });

  it('is uploaded instead of a name that stands for another kind', async () => {
    await tenant.startPeople(bot, 30);
    const assetId = await store('photo', FILES.photo);
    // The name of a document, which can be sent as no photo: what Telegram would say of a file that it takes for another.
    const document = await store('document', FILES.document);
    await tenant.untilEnded(await send({ kind: 'document', assetId: document }));
    const [{ file_id: wrong } = { file_id: '' }] = await fileIdsOf(document);
    await scene.look(
      `INSERT INTO asset_files SELECT tenant_id, bot_id, $1, 'photo', $2 FROM asset_files WHERE asset_id = $3`,
      [assetId, wrong, document],
    );
    const id = await send({ kind: 'photo', assetId });
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 30 } });
    expect(await uploadsOf('sendPhoto')).toHaveLength(1);
  });

  it('holds up nothing else of the bot where its file was deleted', async () => {
    await tenant.startPeople(bot, 3);
    const assetId = await store('photo', FILES.photo);
    await tenant.control.must('PUT', '/latency', { minimumMs: 1_000 });
    const photo = await send({ kind: 'photo', assetId });
    await waitUntil(async () => (await callsOf('sendPhoto')).length > 0, 30_000);
    // While one brings the file, two wait: they are the next process's.
    await scene.close(worker);
    await scene.look('DELETE FROM assets WHERE id = $1', [assetId]);
    worker = await scene.start('worker');
    const text = await tenant.broadcast('Still here');
    expect(await tenant.untilEnded(text.id)).toMatchObject({ counts: { sent: 3 } });
    expect(await tenant.untilEnded(photo)).toMatchObject({
      counts: { sent: 1, skipped: 2, reasons: [{ state: 'skipped', reason: 'file_gone', count: 2 }] },
    });
  });

  it('breaks off where its file is deleted while it goes up, and nobody gets a piece of it', async () => {
    await tenant.startPeople(bot, 3);
    const assetId = await store('video', mp4(3 * 1024 * 1024));
    const [first, second] = await Promise.all([openSession(), openSession()]);
    const isWaitedFor = (waiting: number) => async () => {
      const rows = await scene.look(
        `SELECT FROM pg_locks WHERE relation = 'asset_chunks'::regclass AND NOT granted`,
      );
      return rows.length === waiting;
    };
    // Whoever reads the first piece waits for the one session; the other, behind it, deletes before the second piece.
    await first.query('BEGIN; LOCK TABLE asset_chunks');
    const id = await send({ kind: 'video', assetId });
    await waitUntil(isWaitedFor(1), 30_000);
    const deleted = second.query(
      `BEGIN; LOCK TABLE asset_chunks; DELETE FROM assets WHERE id = '${assetId}'; COMMIT`,
    );
    await waitUntil(isWaitedFor(2));
    await first.query('COMMIT');
    await deleted;
    await Promise.all([first.end(), second.end()]);

    expect(await tenant.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: {
        sent: 0,
        failed: 0,
        unknown: 0,
        skipped: 3,
        reasons: [{ state: 'skipped', reason: 'file_gone', count: 3 }],
      },
    });
    expect((await callsOf('sendVideo')).filter(({ hasEffect }) => hasEffect)).toEqual([]);
    const text = await tenant.broadcast('Still here');
    expect(await tenant.untilEnded(text.id)).toMatchObject({ counts: { sent: 3 } });
  });

  it('is cut off when its process is told to stop, and sent whole by the next one', async () => {
    await tenant.startPeople(bot, 2);
    const assetId = await store('video', mp4(45 * 1024 * 1024));
    const id = await send({ kind: 'video', assetId });
    await waitUntil(async () => {
      const [row] = await scene.look<{ sending: number }>(
        'SELECT count(*)::int AS sending FROM deliveries d JOIN broadcasts b ON b.no = d.source_no WHERE b.id = $1 AND d.state = 1',
        [id],
      );
      return row!.sending > 0;
    }, 30_000);
    await restartWorker();
    expect(await tenant.untilEnded(id)).toMatchObject({ counts: { sent: 2, unknown: 0, failed: 0 } });
    expect((await callsOf('sendVideo')).filter(({ hasEffect }) => hasEffect)).toHaveLength(2);
  });
});
