// The receiving end of the media bench: takes texts, names of files and uploads of any size without keeping a byte of them,
// and counts. The parent speaks to it over IPC: {reset: true} begins a new count, {count: true} gives it.
import { createServer } from 'node:http';
import { percentileOf } from '../surroundings.mjs';

/** As Telegram's data centre is away. */
const ANSWER_MS = 50;
/** The form's fields stand before its file. */
const HEAD_BYTES = 4_096;
const KINDS = { sendphoto: 'photo', sendvideo: 'video' };

const now = () => performance.timeOrigin + performance.now();

let seen;
let messageId = 0;

function reset() {
  seen = { texts: [], photo: 0, video: 0, uploads: new Map(), uploadedBytes: 0, lastMs: null };
}
reset();

const count = () => ({
  texts: seen.texts.length,
  textP50Ms: percentileOf(seen.texts, 50),
  textP99Ms: percentileOf(seen.texts, 99),
  photos: seen.photo,
  videos: seen.video,
  uploads: [...seen.uploads.values()].reduce((sum, times) => sum + times, 0),
  /** Of one file by one bot. */
  mostUploads: Math.max(0, ...seen.uploads.values()),
  uploadedBytes: seen.uploadedBytes,
  lastMs: seen.lastMs,
});

function answer(response, result) {
  setTimeout(() => {
    const body = JSON.stringify({ ok: true, result });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  }, ANSWER_MS);
}

const botOf = (id) => ({ id, is_bot: true, first_name: 'Bot', username: `bench_${id}_bot` });

const server = createServer((request, response) => {
  const atMs = now();
  const [, botId, name] = /\/bot(\d+):[^/]+\/(\w+)/.exec(request.url) ?? [];
  const method = name?.toLowerCase();
  const isForm = request.headers['content-type']?.startsWith('multipart/') === true;
  let head = Buffer.alloc(0);
  let bytes = 0;
  request.on('data', (chunk) => {
    bytes += chunk.length;
    if (!isForm || head.length < HEAD_BYTES) head = Buffer.concat([head, chunk]);
  });
  request.on('error', () => response.destroy());
  request.on('end', () => {
    if (method === 'getme') return answer(response, botOf(Number(botId)));
    const kind = KINDS[method];
    if (kind) return answer(response, takeMedia(botId, kind, isForm ? head : undefined, bytes));
    if (method !== 'sendmessage') return answer(response, true);
    const { chat_id: chatId, text } = JSON.parse(head.toString());
    const askedMs = Number(/asked at ([\d.]+)/.exec(text)?.[1]);
    if (askedMs) seen.texts.push(atMs - askedMs);
    return answer(response, messageTo(chatId, { text }));
  });
});

function takeMedia(botId, kind, form, bytes) {
  seen[kind] += 1;
  seen.lastMs = now();
  const fileName = form && /filename="([^"]+)"/.exec(form.toString('latin1'))?.[1];
  if (fileName) {
    const key = `${botId} ${fileName}`;
    seen.uploads.set(key, (seen.uploads.get(key) ?? 0) + 1);
    seen.uploadedBytes += bytes;
  }
  const file = { file_id: `${kind}-of-${botId}-${bytes}`, file_unique_id: 'u', width: 1, height: 1 };
  return messageTo(1, kind === 'photo' ? { photo: [file] } : { video: { ...file, duration: 1 } });
}

const messageTo = (chatId, content) => ({
  message_id: (messageId += 1),
  chat: { id: Number(chatId), first_name: 'Person', type: 'private' },
  date: Math.floor(now() / 1_000),
  ...content,
});

process.on('message', (message) => {
  if (message.reset) reset();
  process.send(count());
});
process.on('disconnect', () => process.exit(0));

server.listen(0, '127.0.0.1', 16_384, () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}` }),
);
