// The receiving end, a process of its own: answers sendMessage as Telegram does, after a settable time, and counts what
// arrived. On bare sockets, so that the receiver costs as little as it can. The parent speaks to it over IPC: {reset: {answerMs}},
// {count: true}, and {} for no more than how many have arrived.
import { createServer } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const WINDOW_MS = 1_000;
/** Telegram names about thirty messages a second per bot. */
const WINDOW_LIMIT = 30;

let answerMs = 0;
let arrivals = new Map();
let arrivalCount = 0;
let firstMs = null;
let lastMs = null;
let overLimit = 0;
let bots = new Map();

/** Instants on the wall clock, comparable with other processes of this machine. */
const now = () => performance.timeOrigin + performance.now();

function reset(options) {
  ({ answerMs } = options);
  arrivals = new Map();
  bots = new Map();
  arrivalCount = 0;
  overLimit = 0;
  firstMs = lastMs = null;
}

function count() {
  let duplicated = 0;
  for (const times of arrivals.values()) duplicated += times - 1;
  return { arrived: arrivalCount, distinct: arrivals.size, duplicated, firstMs, lastMs, overLimit };
}

/** Answers wait their time in the order in which they came, so that one timer serves them all. */
const waiting = [];
let waitingFrom = 0;
let timer;

function answerLater(socket, answer) {
  waiting.push({ dueMs: performance.now() + answerMs, socket, answer });
  timer ??= setTimeout(answerDue, answerMs);
}

function answerDue() {
  timer = undefined;
  const nowMs = performance.now();
  for (; waitingFrom < waiting.length && waiting[waitingFrom].dueMs <= nowMs; waitingFrom += 1) {
    const { socket, answer } = waiting[waitingFrom];
    if (socket.writable) socket.write(answer);
  }
  if (waitingFrom === waiting.length) {
    waiting.length = waitingFrom = 0;
  } else {
    if (waitingFrom > 10_000) {
      waiting.splice(0, waitingFrom);
      waitingFrom = 0;
    }
    timer = setTimeout(answerDue, Math.ceil(waiting[waitingFrom].dueMs - nowMs));
  }
}

function readParameters(head, body) {
  if (head.includes('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(body));
  return JSON.parse(body);
}

function handle(head, body) {
  const path = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/1.1'));
  const [, botId, method] = /\/bot(\d+):[^/]+\/(\w+)/.exec(path) ?? [];
  if (method?.toLowerCase() === 'getme') return { ok: true, result: botOf(Number(botId)) };
  // Whatever else is asked while bots are connected (deleteWebhook, setMyCommands) is agreed to.
  if (method?.toLowerCase() !== 'sendmessage') return { ok: true, result: true };
  const nowMs = now();
  const { chat_id: chatId, text } = readParameters(head, body);
  const key = `${botId} ${chatId} ${text}`;
  arrivals.set(key, (arrivals.get(key) ?? 0) + 1);
  arrivalCount += 1;
  firstMs ??= nowMs;
  lastMs = nowMs;
  const messageId = noteArrivalAt(botId, nowMs);
  return {
    ok: true,
    result: {
      message_id: messageId,
      from: botOf(Number(botId)),
      chat: { id: Number(chatId), first_name: 'Person', type: 'private' },
      date: Math.floor(nowMs / 1_000),
      text,
    },
  };
}

const botOf = (id) => ({ id, is_bot: true, first_name: 'Bot', username: `bench_${id}_bot` });

/** Remembers the last thirty instants of each bot: one more within the same second is one too many. */
function noteArrivalAt(botId, nowMs) {
  let bot = bots.get(botId);
  if (!bot) bots.set(botId, (bot = { recent: new Float64Array(WINDOW_LIMIT), count: 0 }));
  const position = bot.count % WINDOW_LIMIT;
  if (bot.count >= WINDOW_LIMIT && nowMs - bot.recent[position] < WINDOW_MS) overLimit += 1;
  bot.recent[position] = nowMs;
  bot.count += 1;
  return bot.count;
}

function serialise(answer) {
  const body = JSON.stringify(answer);
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: keep-alive\r\n\r\n${body}`;
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest = null;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    rest = rest ? Buffer.concat([rest, chunk]) : chunk;
    let answers = '';
    while (rest) {
      const headEnd = rest.indexOf(HEAD_END);
      if (headEnd < 0) break;
      const head = rest.latin1Slice(0, headEnd);
      const length = Number(/\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (/\ntransfer-encoding:/i.test(head)) throw new Error('The stub reads no chunked bodies.');
      const end = headEnd + HEAD_END.length + length;
      if (rest.length < end) break;
      const answer = serialise(handle(head, rest.utf8Slice(headEnd + HEAD_END.length, end)));
      rest = rest.length === end ? null : rest.subarray(end);
      if (answerMs > 0) answerLater(socket, answer);
      else answers += answer;
    }
    if (answers) socket.write(answers);
  });
});

process.on('message', (message) => {
  if (message.reset) reset(message.reset);
  if (message.count) process.send(count());
  else process.send({ arrived: arrivalCount });
});
// The parent is gone: so is the reason to be here.
process.on('disconnect', () => process.exit(0));

server.listen(0, '127.0.0.1', 16_384, () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}` }),
);
