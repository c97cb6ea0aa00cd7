// Joins what the API accepted, the rows of the database, and what the sandbox wrote down of its own.

import { groupBy } from './grouping.mjs';

const ROWS = `
SELECT c.telegram_chat_id::float8 AS "chatId", d.state
FROM broadcasts b JOIN deliveries d ON d.planned_on = b.planned_on AND d.class = 1 AND d.source_no = b.no
  LEFT JOIN chats c ON c.no = d.chat_no
WHERE b.id = $1`;
/** As `delivery.rules.ts` numbers them. */
const OPEN = [0, 1];
const SENT = 2;
const UNKNOWN = 4;

/** @param {{ text: string, chatId: number }[]} arrivals everything that the sandbox took for broadcasts */
export async function audit({ database, tenant, arrivals, people }) {
  const found = { accepted: 0, sent: 0, unknown: 0, lost: 0, duplicated: 0, deniedArrivals: 0, failed: 0 };
  const byText = groupBy(arrivals, ({ text }) => text);
  for (const { id, text } of tenant.broadcasts) {
    const arrived = (byText.get(text) ?? []).map(({ chatId }) => Number(chatId));
    byText.delete(text);
    addUp(found, compare({ ...(await readTogether(database, tenant, id)), arrived, people }));
  }
  // What nobody asked for, such as a second broadcast of one request.
  for (const strangers of byText.values()) found.duplicated += strangers.length;
  const [{ count }] = await database.look('SELECT count(*)::int AS count FROM broadcasts');
  const { length: broadcasts } = tenant.broadcasts;
  return { ...found, broadcasts, broadcastsTooMany: count - broadcasts };
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
function compare({ counts, rows, arrived, people }) {
  const reached = new Set(arrived);
  const count = (isCounted) => rows.filter(isCounted).length;
  const sent = count(({ state }) => state === SENT);
  const unknown = count(({ state }) => state === UNKNOWN);
  const unfinished = count(({ state }) => OPEN.includes(state));
  const neverArrived = count(({ state, chatId }) => state === SENT && !reached.has(chatId));
  const doubleRows = rows.length - new Set(rows.map(({ chatId }) => chatId)).size;
  const untold =
    Math.abs(counts.sent - sent) +
    Math.abs(counts.unknown - unknown) +
    Math.abs(counts.accepted - rows.length);
  return {
    accepted: counts.accepted,
    sent,
    unknown,
    lost: people - (rows.length - doubleRows) + unfinished + neverArrived + untold,
    duplicated: arrived.length - reached.size + doubleRows,
    deniedArrivals: count(({ state, chatId }) => ![SENT, UNKNOWN].includes(state) && reached.has(chatId)),
    failed: count(({ state }) => ![...OPEN, SENT, UNKNOWN].includes(state)),
  };
}

function addUp(sums, more) {
  for (const [name, value] of Object.entries(more)) sums[name] += value;
}
