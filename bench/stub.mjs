// The receiving end, a process of its own: answers sendMessage as Telegram does, after a settable time, and counts what
// arrived. On bare sockets, so that the receiver costs as little as it can. The parent speaks to it over IPC: {reset: setting},
// {count: true}, {cohorts: true}, {arrivals: true}, and {} for no more than how many have arrived.
import { createServer } from 'node:net';
import { BotLimits } from './stub-limits.mjs';

/**
 * setting: { answerMs, limits, cohorts, updates }, all but the first may be left out.
 * - limits: see BotLimits; without them nothing is refused, and what goes over 30 a second is only counted
 * - cohorts: [{ firstBot, botCount, answerMs, fall: { afterMs, perSecond } }]: bots that are counted by themselves, with an
 *   answer time or a limit of their own that falls some time after the cohort's first arrival
 * - updates: { everyMs }: how often a person writes /help to each bot whose updates are fetched
 */
let setting = { answerMs: 0 };

const HEAD_END = Buffer.from('\r\n\r\n');
const WINDOW_MS = 1_000;
/** Telegram names about thirty messages a second per bot. */
const WINDOW_LIMIT = 30;
/** A person who writes to a bot, the same with each. */
const PERSON = 99;

let arrivals = new Map();
let arrivalCount = 0;
let firstMs = null;
let lastMs = null;
let overLimit = 0;
let refusedCount = 0;
let earlyCount = 0;
let bots = new Map();
let cohorts = [];

/** Instants on the wall clock, comparable with other processes of this machine. */
const now = () => performance.timeOrigin + performance.now();

function reset(options) {
  setting = options;
  arrivals = new Map();
  bots = new Map();
  arrivalCount = overLimit = refusedCount = earlyCount = 0;
  firstMs = lastMs = null;
  cohorts = (options.cohorts ?? []).map((cohort) => ({
    ...cohort,
    limit: options.limits?.perSecond,
    firstMs: null,
    lastOfBot: new Map(),
    instants: [],
    answers: [],
    refused: 0,
    early: 0,
  }));
}

function count() {
  let duplicated = 0;
  for (const times of arrivals.values()) duplicated += times - 1;
  return {
    arrived: arrivalCount,
    distinct: arrivals.size,
    duplicated,
    firstMs,
    lastMs,
    overLimit,
    refused: refusedCount,
    early: earlyCount,
  };
}

/** @returns [bot and chat, times] for each message that arrived */
function listArrivals() {
  return [...arrivals].map(([key, times]) => [key.split(' ', 2).join(' '), times]);
}

/** What each cohort got: when each of its messages came, in order, when each bot had its last, and how answers fared. */
function describeCohorts() {
  return cohorts.map(({ firstMs, lastOfBot, instants, answers, refused, early }) => ({
    firstMs,
    lastsMs: [...lastOfBot.values()],
    instants,
    answers,
    refused,
    early,
  }));
}

/** Answers that take the same time wait in the order in which they came, so that one timer serves them all. */
class AnswerLine {
  #waiting = [];
  #from = 0;
  #timer;

  constructor(delayMs) {
    this.delayMs = delayMs;
  }

  add(socket, answer) {
    this.#waiting.push({ dueMs: performance.now() + this.delayMs, socket, answer });
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#answerDue(), this.delayMs);
  }

  #answerDue() {
    this.#timer = undefined;
    const nowMs = performance.now();
    for (; this.#from < this.#waiting.length && this.#waiting[this.#from].dueMs <= nowMs; this.#from += 1) {
      const { socket, answer } = this.#waiting[this.#from];
      if (socket.writable) socket.write(answer);
    }
    if (this.#from === this.#waiting.length) {
      this.#waiting.length = this.#from = 0;
      return;
    }
    if (this.#from > 10_000) {
      this.#waiting.splice(0, this.#from);
      this.#from = 0;
    }
    const nextMs = Math.ceil(this.#waiting[this.#from].dueMs - nowMs);
    this.#timer = setTimeout(() => this.#answerDue(), nextMs);
  }
}

const lines = new Map();

function answerLater(socket, answer, delayMs) {
  let line = lines.get(delayMs);
  if (!line) lines.set(delayMs, (line = new AnswerLine(delayMs)));
  line.add(socket, answer);
}

function readParameters(head, body) {
  if (head.includes('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(body));
  return JSON.parse(body);
}

/** @returns { answer, delayMs }: what is answered, and how long after */
function handle(head, body) {
  const path = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/1.1'));
  const [, botId, method] = /\/bot(\d+):[^/]+\/(\w+)/.exec(path) ?? [];
  const name = method?.toLowerCase();
  if (name === 'sendmessage') return receive(botId, readParameters(head, body));
  const { answerMs } = setting;
  if (name === 'getme') return { answer: taken(botOf(Number(botId))), delayMs: answerMs };
  if (name === 'getupdates') return listUpdates(botId, body === '' ? {} : readParameters(head, body));
  // Whatever else is asked while bots are connected (deleteWebhook, setMyCommands) is agreed to.
  return { answer: taken(true), delayMs: answerMs };
}

function receive(botId, { chat_id: chatId, text }) {
  const nowMs = now();
  const bot = rememberBot(botId);
  const { cohort } = bot;
  const delayMs = cohort?.answerMs ?? setting.answerMs;
  const isAnswer = Number(chatId) === PERSON;
  if (bot.limits) {
    if (cohort?.fall) fall(bot, nowMs);
    const refusal = bot.limits.refuse(nowMs, chatId, delayMs);
    if (refusal) return { answer: refuse(refusal, cohort), delayMs };
  }
  if (isAnswer) {
    const question = bot.questions.shift();
    // Asked before the last reset, it belongs to nobody's figures.
    if (question?.cohort === cohort) cohort?.answers.push(nowMs - question.atMs);
  } else {
    const key = `${botId} ${chatId} ${text}`;
    arrivals.set(key, (arrivals.get(key) ?? 0) + 1);
    arrivalCount += 1;
    firstMs ??= nowMs;
    lastMs = nowMs;
  }
  if (cohort) {
    cohort.firstMs ??= nowMs;
    cohort.lastOfBot.set(botId, nowMs);
    cohort.instants.push(nowMs);
  }
  const messageId = noteArrivalAt(bot, nowMs);
  const answer = taken({
    message_id: messageId,
    from: botOf(Number(botId)),
    chat: { id: Number(chatId), first_name: 'Person', type: 'private' },
    date: Math.floor(nowMs / 1_000),
    text,
  });
  return { answer, delayMs };
}

const botOf = (id) => ({ id, is_bot: true, first_name: 'Bot', username: `bench_${id}_bot` });
const taken = (result) => ({ status: '200 OK', body: { ok: true, result } });

function refuse({ retryAfterSeconds, isEarly }, cohort) {
  refusedCount += 1;
  if (isEarly) earlyCount += 1;
  if (cohort) {
    cohort.refused += 1;
    if (isEarly) cohort.early += 1;
  }
  return {
    status: '429 Too Many Requests',
    body: {
      ok: false,
      error_code: 429,
      description: `Too Many Requests: retry after ${retryAfterSeconds}`,
      parameters: { retry_after: retryAfterSeconds },
    },
  };
}

/** When people wrote what is not answered yet; beyond a reset, since what was asked before may be answered after it. */
const questions = new Map();

function questionsOf(botId) {
  let own = questions.get(botId);
  if (!own) questions.set(botId, (own = []));
  return own;
}

function rememberBot(botId) {
  let bot = bots.get(botId);
  if (bot) return bot;
  const number = Number(botId);
  bot = {
    recent: new Float64Array(WINDOW_LIMIT),
    count: 0,
    cohort: cohorts.find(({ firstBot, botCount }) => number >= firstBot && number < firstBot + botCount),
    limits: setting.limits && new BotLimits(setting.limits),
    perSecond: setting.limits?.perSecond,
    questions: questionsOf(botId),
    nextUpdate: 1,
  };
  bots.set(botId, bot);
  return bot;
}

/** From some instant on the hidden limit is another; nobody is told. */
function fall(bot, nowMs) {
  const { fall: to, firstMs: cohortFirstMs } = bot.cohort;
  if (bot.perSecond === to.perSecond || cohortFirstMs === null) return;
  if (nowMs - cohortFirstMs < to.afterMs) return;
  bot.perSecond = to.perSecond;
  bot.limits.change(to.perSecond);
}

/** Remembers the last thirty instants of each bot: one more within the same second is one too many. */
function noteArrivalAt(bot, nowMs) {
  const position = bot.count % WINDOW_LIMIT;
  if (bot.count >= WINDOW_LIMIT && nowMs - bot.recent[position] < WINDOW_MS) overLimit += 1;
  bot.recent[position] = nowMs;
  bot.count += 1;
  return bot.count;
}

/** One update at a time, so long after the question that people seem to write at that rate. */
function listUpdates(botId, { offset }) {
  const bot = rememberBot(botId);
  if (!setting.updates) return { answer: taken([]), delayMs: 1_000 };
  bot.nextUpdate = Math.max(bot.nextUpdate, Number(offset ?? 0));
  const delayMs = setting.updates.everyMs;
  const atMs = now() + delayMs;
  bot.questions.push({ atMs, cohort: bot.cohort });
  const update = {
    update_id: bot.nextUpdate,
    message: {
      message_id: bot.nextUpdate,
      date: Math.floor(atMs / 1_000),
      chat: { id: PERSON, type: 'private', first_name: 'Person' },
      from: { id: PERSON, is_bot: false, first_name: 'Person', language_code: 'en' },
      text: '/help',
      entities: [{ type: 'bot_command', offset: 0, length: 5 }],
    },
  };
  return { answer: taken([update]), delayMs };
}

function serialise({ status, body }) {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: keep-alive\r\n\r\n${text}`;
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
      const { answer, delayMs } = handle(head, rest.utf8Slice(headEnd + HEAD_END.length, end));
      rest = rest.length === end ? null : rest.subarray(end);
      if (delayMs > 0) answerLater(socket, serialise(answer), delayMs);
      else answers += serialise(answer);
    }
    if (answers) socket.write(answers);
  });
});

process.on('message', (message) => {
  if (message.reset) reset(message.reset);
  if (message.count) process.send(count());
  else if (message.cohorts) process.send({ cohorts: describeCohorts() });
  else if (message.arrivals) process.send({ arrivals: listArrivals() });
  else process.send({ arrived: arrivalCount });
});
// The parent is gone: so is the reason to be here.
process.on('disconnect', () => process.exit(0));

server.listen(0, '127.0.0.1', 16_384, () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}` }),
);
