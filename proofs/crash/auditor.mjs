// Joins what the API accepted, the rows of the database, and what the sandbox wrote down of its own.
import { groupBy } from './grouping.mjs';

const ROWS = `
SELECT c.telegram_chat_id::float8 AS "chatId", d.state, d.attempt
FROM broadcasts b JOIN deliveries d ON d.planned_on = b.planned_on AND d.class = 1 AND d.source_no = b.no
  LEFT JOIN chats c ON c.no = d.chat_no
WHERE b.id = $1`;

/** Whose messages a change must reach: those that were known as sent when it began. */
const CHANGED = `
SELECT c.telegram_chat_id::float8 AS "chatId"
FROM broadcasts change JOIN broadcasts b ON b.id = change.target_id
  JOIN deliveries d ON d.planned_on = b.planned_on AND d.class = 1 AND d.source_no = b.no AND d.state = 2
    AND d.settled_at < change.created_at
  JOIN chats c ON c.no = d.chat_no
WHERE change.id = $1`;

const LIFETIME = `
SELECT (extract(epoch FROM b.created_at) * 1000)::float8 AS "fromMs",
  (extract(epoch FROM max(d.settled_at)) * 1000)::float8 AS "toMs"
FROM broadcasts b JOIN deliveries d ON d.planned_on = b.planned_on AND d.class = 1 AND d.source_no = b.no
WHERE b.id = $1 GROUP BY b.id`;

const ANSWERS = `
SELECT c.telegram_chat_id::float8 AS "chatId", d.state
FROM replies r JOIN deliveries d ON d.class = 2 AND d.source_no = r.no LEFT JOIN chats c ON c.no = d.chat_no
WHERE r.no > $1`;

/** As `delivery.rules.ts` numbers them. */
const OPEN = [0, 1];
const SENT = 2;
const UNKNOWN = 4;

/**
 * What is sent once more by choice waits until the first try can no longer be under way, which is more than a minute; the
 * first may have been held back for seven seconds. What comes again sooner was not chosen.
 */
const CHOSEN_APART_MS = 50_000;

/**
 * @param {{ sent: import('./workload.mjs').Sent[], arrivals: object[], pins: object[], answers: object[] }} of arrivals are
 *   of broadcasts and edits; answers of what people asked since `answersSinceNo`
 */
export async function audit({
  database,
  tenant,
  sent,
  people,
  arrivals,
  pins,
  answers,
  asked,
  answersSinceNo,
}) {
  const byKind = new Map();
  const addUp = (kind, found) => {
    const sums = byKind.get(kind) ?? { count: 0, ...NOTHING };
    sums.count += 1;
    for (const [name, value] of Object.entries(found)) sums[name] += value;
    byKind.set(kind, sums);
  };
  const byText = groupBy(arrivals, ({ text }) => text);
  for (const one of sent) {
    const isPin = one.way === 'pin';
    const arrived = isPin ? await duringLifeOf(database, one, pins) : (byText.get(one.text) ?? []);
    byText.delete(one.text);
    const expected = one.targetId && (await database.look(CHANGED, [one.id])).map(({ chatId }) => chatId);
    const records = await readTogether(database, tenant, one.id);
    addUp(one.kind, compare({ ...records, arrived, people, expected, isPin, ...one }));
  }
  const answered = await database.look(ANSWERS, [answersSinceNo]);
  addUp('answers', compareAnswers({ rows: answered, arrived: answers, asked }));
  const found = { ...NOTHING };
  for (const sums of byKind.values()) for (const name of Object.keys(NOTHING)) found[name] += sums[name];
  // What nobody asked for, such as a second broadcast of one request.
  for (const strangers of byText.values()) found.duplicated += strangers.length;
  const [{ count }] = await database.look('SELECT count(*)::int AS count FROM broadcasts');
  return { ...found, byKind, broadcasts: sent.length, broadcastsTooMany: count - sent.length };
}

const NOTHING = {
  accepted: 0,
  sent: 0,
  unknown: 0,
  lost: 0,
  duplicated: 0,
  chosenTwice: 0,
  deniedArrivals: 0,
  failed: 0,
};

/** Pins say nothing by which to tell them apart. */
async function duringLifeOf(database, { id }, arrivals) {
  const [{ fromMs, toMs }] = await database.look(LIFETIME, [id]);
  return arrivals.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
}

/** Report and rows of one moment: a late answer may still come in between. */
async function readTogether(database, tenant, id) {
  for (;;) {
    const { counts } = await tenant.report(id);
    const rows = await database.look(ROWS, [id]);
    const { counts: still } = await tenant.report(id);
    if (counts.sent === still.sent && counts.unknown === still.unknown) return { counts, rows };
  }
}

/** One broadcast: every chat has one delivery, every delivery an end, and each end is true. */
function compare({ counts, rows, arrived, people, expected, isPin, mayComeTwice = false }) {
  const byChat = groupBy(arrived, ({ chatId }) => chatId);
  const rowOf = new Map(rows.map((row) => [row.chatId, row]));
  const count = (isCounted) => rows.filter(isCounted).length;
  const sent = count(({ state }) => state === SENT);
  const unknown = count(({ state }) => state === UNKNOWN);
  const unfinished = count(({ state }) => OPEN.includes(state));
  const neverArrived = count(({ state, chatId }) => state === SENT && !byChat.has(chatId));
  const neverPlanned = expected
    ? expected.filter((chatId) => !rowOf.has(chatId)).length
    : people - rowOf.size;
  const untold =
    Math.abs(counts.sent - sent) +
    Math.abs(counts.unknown - unknown) +
    Math.abs(counts.accepted - rows.length);
  const chosenTwice = mayComeTwice
    ? [...byChat].filter(([chatId, times]) => isChosenTwice(times, rowOf.get(chatId))).length
    : 0;
  // A pin that is there already is pinned once more without harm.
  const surplus = isPin ? 0 : arrived.length - byChat.size - chosenTwice;
  return {
    accepted: counts.accepted,
    sent,
    unknown,
    lost: neverPlanned + unfinished + neverArrived + untold,
    duplicated: surplus + rows.length - rowOf.size,
    chosenTwice,
    deniedArrivals: count(({ state, chatId }) => ![SENT, UNKNOWN].includes(state) && byChat.has(chatId)),
    failed: count(({ state }) => ![...OPEN, SENT, UNKNOWN].includes(state)),
  };
}

/** Twice and never more, by a second try that was waited for. */
function isChosenTwice(arrivals, row) {
  if (arrivals.length !== 2 || !(row?.attempt >= 2)) return false;
  return Math.abs(arrivals[1].atMs - arrivals[0].atMs) >= CHOSEN_APART_MS;
}

/** Each question has one answer, however often it was read, and no answer came that nobody was given. */
function compareAnswers({ rows, arrived, asked }) {
  const rowsOf = groupBy(rows, ({ chatId }) => chatId);
  const arrivedIn = groupBy(arrived, ({ chatId }) => chatId);
  const found = { ...NOTHING, accepted: rows.length };
  for (const chatId of new Set([...rowsOf.keys(), ...arrivedIn.keys(), ...asked.keys()])) {
    const own = rowsOf.get(chatId) ?? [];
    const times = arrivedIn.get(chatId)?.length ?? 0;
    const questions = asked.get(chatId) ?? 0;
    const count = (states) => own.filter(({ state }) => states.includes(state)).length;
    const sent = count([SENT]);
    const unknown = count([UNKNOWN]);
    found.sent += sent;
    found.unknown += unknown;
    found.lost += Math.max(0, questions - own.length) + count(OPEN) + Math.max(0, sent - times);
    found.duplicated += Math.max(0, own.length - questions) + Math.max(0, times - sent - unknown);
    found.failed += own.length - sent - unknown - count(OPEN);
  }
  return found;
}
