// What the demo's figures are and what they have to be: pure, so that the judge itself can be tested.

/**
 * @typedef {object} Delivery one row of a broadcast's report
 * @property {number} bot the bot's number in Telegram
 * @property {number} chat the chat's number in Telegram, the new one of an upgraded group
 * @property {string} state
 * @property {string | null} reason
 * @property {number | null} messageId
 *
 * @typedef {object} Broadcast what the API reports
 * @property {number} dueAtMs
 * @property {string} state
 * @property {Record<string, number>} counts by state, and `accepted`
 * @property {Delivery[]} deliveries
 *
 * @typedef {object} Arrival a call that the sandbox carried out
 * @property {number} bot
 * @property {number} chat
 * @property {number} messageId
 * @property {number} arrivedAtMs
 *
 * @typedef {object} Exception chats that a broadcast could not reach
 * @property {string} why for people
 * @property {readonly number[]} chats
 * @property {readonly string[]} outcomes each acceptable "state reason"
 *
 * @typedef {object} Sending a message with all its broadcasts: one, or a repeating schedule's several
 * @property {string} name
 * @property {Broadcast[]} broadcasts
 * @property {Arrival[]} arrivals what the ledger has of this message
 * @property {{ broadcasts: number, sent: number, exceptions: readonly Exception[] }} expected for each broadcast
 *
 * @typedef {object} Figures
 * @property {string} name
 * @property {number} accepted
 * @property {number} sent
 * @property {number} failed
 * @property {number} skipped
 * @property {number} unknown
 * @property {number} cancelled
 * @property {number} unfinished accepted, and nothing is known of them
 * @property {Record<string, number>} reasons how often each "state reason"
 * @property {number} lost reported as sent but never arrived, or unfinished
 * @property {number} duplicated arrived although no delivery stands for it
 * @property {number[]} latenessMs for each broadcast, from the due instant to its first arrival
 * @property {number | null} perSecond arrivals, from the first to the last
 */

/**
 * Holds the API's report against the sandbox's ledger.
 *
 * @param {Sending} sending
 * @param {ReadonlyMap<number, number>} movedChats an upgraded group's old number to its new one
 * @returns {Figures}
 */
export function computeFigures({ name, broadcasts, arrivals }, movedChats = new Map()) {
  const deliveries = broadcasts.flatMap((broadcast) => broadcast.deliveries);
  const accepted = sum(broadcasts.map(({ counts }) => counts.accepted ?? 0));
  const count = (state) => deliveries.filter((delivery) => delivery.state === state).length;
  const settled = {
    sent: count('sent'),
    failed: count('failed'),
    skipped: count('skipped'),
    unknown: count('unknown'),
    cancelled: count('cancelled'),
  };
  const unfinished = accepted - sum(Object.values(settled));
  const { missing, surplus } = compareWithLedger(deliveries, arrivals, movedChats);
  return {
    name,
    accepted,
    ...settled,
    unfinished,
    reasons: countReasons(deliveries),
    lost: missing + Math.max(0, unfinished),
    duplicated: surplus,
    latenessMs: broadcasts.flatMap((broadcast) => latenessOf(broadcast, arrivals, movedChats) ?? []),
    perSecond: rateOf(arrivals),
  };
}

/**
 * Every way in which a sending is not as the scenario implies, in words.
 *
 * @param {Sending} sending
 * @param {Figures} figures
 * @returns {string[]}
 */
export function findMismatches({ name, broadcasts, expected }, figures) {
  const mismatches = [];
  const claim = (isTrue, text) => isTrue || mismatches.push(`${name}: ${text}`);
  claim(
    broadcasts.length === expected.broadcasts,
    `${broadcasts.length} broadcasts instead of ${expected.broadcasts}`,
  );
  claim(figures.lost === 0, `${figures.lost} lost`);
  claim(figures.duplicated === 0, `${figures.duplicated} duplicated`);
  const accepted = expected.sent + sum(expected.exceptions.map(({ chats }) => chats.length));
  broadcasts.forEach((broadcast, index) => {
    const place = broadcasts.length > 1 ? `run ${index + 1}: ` : '';
    for (const text of findBroadcastMismatches(broadcast, accepted, expected)) claim(false, place + text);
  });
  return mismatches;
}

function findBroadcastMismatches({ state, counts, deliveries }, accepted, expected) {
  const mismatches = [];
  const claim = (isTrue, text) => isTrue || mismatches.push(text);
  claim(state === 'finished', `it is ${state} instead of finished`);
  claim(counts.accepted === accepted, `${counts.accepted} accepted instead of ${accepted}`);
  claim(counts.sent === expected.sent, `${counts.sent} sent instead of ${expected.sent}`);
  claim(
    deliveries.length === counts.accepted,
    `${deliveries.length} deliveries are listed and ${counts.accepted} counted`,
  );
  const outcomes = new Map(deliveries.map((delivery) => [delivery.chat, outcomeOf(delivery)]));
  for (const exception of expected.exceptions) {
    for (const chat of exception.chats) {
      const outcome = outcomes.get(chat);
      outcomes.delete(chat);
      claim(
        outcome !== undefined && exception.outcomes.includes(outcome),
        `chat ${chat} (${exception.why}) is "${outcome ?? 'absent'}" instead of "${exception.outcomes.join('" or "')}"`,
      );
    }
  }
  for (const [chat, outcome] of outcomes)
    claim(outcome === 'sent', `chat ${chat} is "${outcome}" instead of "sent"`);
  return mismatches;
}

/**
 * All sendings in one.
 *
 * @param {readonly Figures[]} all
 */
export function addFigures(all) {
  const total = (key) => sum(all.map((figures) => figures[key]));
  return {
    accepted: total('accepted'),
    sent: total('sent'),
    failed: total('failed'),
    skipped: total('skipped'),
    unknown: total('unknown'),
    lost: total('lost'),
    duplicated: total('duplicated'),
    p99LatenessMs: percentile(
      all.flatMap((figures) => figures.latenessMs),
      0.99,
    ),
  };
}

/** The least value that `share` of all are not above; null of nothing. */
export function percentile(values, share) {
  if (values.length === 0) return null;
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Each delivery that is sent answers for one arrival of its own message number; one that is unknown may. */
function compareWithLedger(deliveries, arrivals, movedChats) {
  const sameChat = (bot, chat) => `${bot} ${movedChats.get(chat) ?? chat}`;
  const left = new Map();
  const noteArrival = (key) => left.set(key, (left.get(key) ?? 0) + 1);
  const take = (key) => {
    const times = left.get(key) ?? 0;
    if (times > 0) left.set(key, times - 1);
    return times > 0;
  };
  for (const { bot, chat, messageId } of arrivals) noteArrival(`${sameChat(bot, chat)} ${messageId}`);
  const sent = deliveries.filter(({ state }) => state === 'sent');
  const missing = sent.filter(
    ({ bot, chat, messageId }) => !take(`${sameChat(bot, chat)} ${messageId}`),
  ).length;
  const unknown = deliveries
    .filter(({ state }) => state === 'unknown')
    .map(({ bot, chat }) => sameChat(bot, chat));
  let surplus = 0;
  for (const [key, times] of left) {
    for (let n = 0; n < times; n += 1) {
      const place = unknown.indexOf(key.slice(0, key.lastIndexOf(' ')));
      if (place < 0) surplus += 1;
      else unknown.splice(place, 1);
    }
  }
  return { missing, surplus };
}

function latenessOf({ dueAtMs, deliveries }, arrivals, movedChats) {
  const keyOf = (bot, chat, messageId) => `${bot} ${movedChats.get(chat) ?? chat} ${messageId}`;
  const own = new Set(deliveries.map(({ bot, chat, messageId }) => keyOf(bot, chat, messageId)));
  const times = arrivals
    .filter(({ bot, chat, messageId }) => own.has(keyOf(bot, chat, messageId)))
    .map(({ arrivedAtMs }) => arrivedAtMs);
  return times.length === 0 ? undefined : Math.round(Math.min(...times) - dueAtMs);
}

function rateOf(arrivals) {
  const times = arrivals.map(({ arrivedAtMs }) => arrivedAtMs);
  const seconds = (Math.max(...times) - Math.min(...times)) / 1000;
  return arrivals.length < 2 || seconds === 0 ? null : arrivals.length / seconds;
}

function countReasons(deliveries) {
  const reasons = {};
  for (const delivery of deliveries) {
    if (delivery.state === 'sent') continue;
    const outcome = outcomeOf(delivery);
    reasons[outcome] = (reasons[outcome] ?? 0) + 1;
  }
  return reasons;
}

function outcomeOf({ state, reason }) {
  return reason === null ? state : `${state} ${reason}`;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
