// The main job: four messages go out, and in between people leave and a group is upgraded.
import { COLLECTORS, readAllPages, REGULARS } from './cast.mjs';
import { paintPhoto } from './photo.mjs';
import { waitFor } from './waiting.mjs';

const DUE_IN_MS = 5_000;
const GROUPS_EVERY_SECONDS = 3;
const GROUP_RUNS = 4;
/** The photo goes out after so many runs to the groups: the upgrade falls between two of them. */
const RUNS_BEFORE_PHOTO = 2;
const BLOCKED_MEANWHILE = 12;
const LEFT_MEANWHILE = 3;
/** Everything together takes about a minute at Telegram's pace. */
const PATIENCE_SECONDS = 180;
const LIKE = 'like';

/** What each message begins with; by it the ledger's rows are told apart. */
const TEXTS = {
  everybody: 'Good news for everybody',
  regulars: 'Five seconds later, for regulars',
  groups: 'Every few seconds, for groups',
  photo: 'A photo for collectors',
};

/**
 * Sends the four messages and waits until all of them are settled.
 *
 * @param {import('./cast.mjs').Cast} cast
 * @param {{ progress: object, signal: AbortSignal }} stage
 * @returns {Promise<{ sendings: import('./figures.mjs').Sending[], movedChats: Map<number, number> }>}
 */
export async function broadcastAll(cast, { progress, signal }) {
  const { api, bots, people } = cast;
  const stage = { api, progress, signal };
  const chatsReached = bots.flatMap((bot) => [...bot.people, ...bot.groups]).length - people.blocked.length;
  const groups = bots.flatMap((bot) => bot.groups);
  progress.say('Four messages go out:');

  const everybody = new Watched('1 everybody, now', chatsReached, stage);
  const regulars = new Watched(`2 tag ${REGULARS}, in 5 s`, people.regulars.length, stage);
  const dueAt = new Date(Date.now() + DUE_IN_MS);
  regulars.follow(
    await api.post('/schedules', {
      name: 'Five seconds later',
      message: { kind: 'text', text: `${TEXTS.regulars}: dear {{first_name|friend}}, <b>you</b> know why.` },
      audience: { to: 'tags', tags: [REGULARS] },
      rule: { kind: 'once', at: dueAt.toISOString() },
    }),
  );
  everybody.broadcasts.push(
    await api.post('/broadcasts', {
      message: { kind: 'text', text: `${TEXTS.everybody}, and for you, {{first_name|all of you}}!` },
      audience: { to: 'everybody' },
    }),
  );
  await Promise.all([everybody.untilSettled(1), regulars.untilSettled(1)]);

  const startAtMs = Date.now() + 2_000;
  const repeating = new Watched(
    `3 groups, every ${GROUPS_EVERY_SECONDS} s`,
    groups.length * GROUP_RUNS,
    stage,
  );
  repeating.follow(
    await api.post('/schedules', {
      name: 'For groups',
      message: { kind: 'text', text: `${TEXTS.groups}: hello, {{chat_title|neighbours}}.` },
      audience: { to: 'everybody', chatTypes: ['group', 'supergroup'] },
      rule: {
        kind: 'interval',
        everySeconds: GROUPS_EVERY_SECONDS,
        startAt: new Date(startAtMs).toISOString(),
        endAt: new Date(startAtMs + (GROUP_RUNS - 1) * GROUPS_EVERY_SECONDS * 1000).toISOString(),
      },
    }),
  );
  await repeating.untilSettled(RUNS_BEFORE_PHOTO);

  const photo = new Watched(`4 photo, tag ${COLLECTORS}`, people.collectors.length + groups.length, stage);
  const { movedChats, losses } = await sendPhoto(photo, cast, stage);
  await Promise.all([photo.untilSettled(1), repeating.untilSettled(GROUP_RUNS)]);
  await pressButton(photo, cast, stage);
  const ledger = await readLedger(cast);

  const describe = (watched, text, expected) => watched.describe(cast, ledgerOf(ledger, text), expected);
  const sendings = await Promise.all([
    describe(everybody, TEXTS.everybody, {
      broadcasts: 1,
      sent: chatsReached - people.left.length,
      exceptions: [{ why: 'deleted account', chats: people.left, outcomes: ['failed deactivated'] }],
    }),
    describe(regulars, TEXTS.regulars, { broadcasts: 1, sent: people.regulars.length, exceptions: [] }),
    describe(repeating, TEXTS.groups, { broadcasts: GROUP_RUNS, sent: groups.length, exceptions: [] }),
    describe(photo, TEXTS.photo, {
      broadcasts: 1,
      sent:
        people.collectors.length +
        groups.length -
        losses.reduce((count, { chats }) => count + chats.length, 0),
      exceptions: losses,
    }),
  ]);
  return { sendings, movedChats };
}

/**
 * While the second bot is paused, its half of the photo is planned and waits: some people block it, some delete their
 * account and one of its groups is upgraded. The first bot's half is on its way meanwhile.
 */
async function sendPhoto(photo, { api, sandbox, bots, people }, { progress, signal }) {
  const asset = await api.upload('/assets?kind=photo', {
    fileName: 'sunset.png',
    contentType: 'image/png',
    bytes: paintPhoto(),
  });
  const bot = bots.at(-1);
  const own = people.collectors.filter((person) => bot.people.includes(person));
  const blocked = own.slice(0, BLOCKED_MEANWHILE);
  const left = own.slice(BLOCKED_MEANWHILE, BLOCKED_MEANWHILE + LEFT_MEANWHILE);
  const [group] = bot.groups;

  await api.post(`/bots/${bot.id}/pause`);
  photo.broadcasts.push(
    await api.post('/broadcasts', {
      message: {
        kind: 'photo',
        assetId: asset.id,
        caption: `${TEXTS.photo}: the harbour this evening, {{first_name|friends}}.`,
        buttons: [
          [
            { text: 'Like', callbackData: LIKE },
            { text: 'More', url: 'https://example.org/harbour' },
          ],
        ],
      },
      audience: { to: 'tags', tags: [COLLECTORS] },
    }),
  );
  await waitFor('the photo is planned', async () => (await photo.refresh()).state !== 'planning', {
    signal,
    withinSeconds: PATIENCE_SECONDS,
  });
  for (const person of blocked) await sandbox.post(`/people/${person}/block`, { botId: bot.telegramId });
  for (const person of left) await sandbox.post(`/people/${person}/deactivate`);
  const { id: upgraded } = await sandbox.post(`/groups/${group}/upgrade`);
  await api.post(`/bots/${bot.id}/resume`);
  progress.say(
    `Meanwhile ${blocked.length} people blocked ${bot.name}, ${left.length} deleted their account, a group became a supergroup.`,
  );
  return {
    movedChats: new Map([[group, upgraded]]),
    losses: [
      // Whether Arauto hears of it from Telegram before it tries, or by trying.
      { why: 'blocked the bot', chats: blocked, outcomes: ['failed blocked', 'skipped chat_unreachable'] },
      { why: 'deleted account', chats: left, outcomes: ['failed deactivated'] },
    ],
  };
}

/** Somebody who got the photo likes it. */
async function pressButton(photo, { api, sandbox, bots }, { progress }) {
  const [bot] = bots;
  const [{ id }] = photo.broadcasts;
  const deliveries = await readAllPages(api, `/broadcasts/${id}/deliveries`);
  const delivery = deliveries.find(
    ({ botId, state, telegramChatId }) => botId === bot.id && state === 'sent' && Number(telegramChatId) > 0,
  );
  if (!delivery) throw new Error('Nobody got the photo, so nobody can press its button.');
  await sandbox.post(`/people/${delivery.telegramChatId}/press`, {
    botId: bot.telegramId,
    messageId: Number(delivery.telegramMessageId),
    callbackData: LIKE,
  });
  progress.say('Somebody pressed a button under the photo.');
}

/** A message under way: its broadcasts, and the bar that shows them. */
class Watched {
  broadcasts = [];
  #name;
  #total;
  #stage;
  #bar;
  #scheduleId;

  constructor(name, total, stage) {
    this.#name = name;
    this.#total = total;
    this.#stage = stage;
    this.#bar = stage.progress.open(name, total);
  }

  /** Its broadcasts are the runs of a schedule. */
  follow({ id }) {
    this.#scheduleId = id;
  }

  /** Reads the newest reports and shows them. @returns the last broadcast's */
  async refresh() {
    const { api } = this.#stage;
    if (this.#scheduleId !== undefined) {
      const runs = await readAllPages(api, '/broadcasts', { scheduleId: this.#scheduleId });
      this.broadcasts = runs.toSorted((one, other) => Date.parse(one.dueAt) - Date.parse(other.dueAt));
    }
    this.broadcasts = await Promise.all(this.broadcasts.map(({ id }) => api.get(`/broadcasts/${id}`)));
    this.#show();
    return this.broadcasts.at(-1);
  }

  async untilSettled(count) {
    await waitFor(
      `"${this.#name}" settled`,
      async () => {
        await this.refresh();
        return this.broadcasts.length >= count && this.broadcasts.slice(0, count).every(isSettled);
      },
      { signal: this.#stage.signal, withinSeconds: PATIENCE_SECONDS },
    );
  }

  /** @returns {Promise<import('./figures.mjs').Sending>} */
  async describe({ api, bots }, arrivals, expected) {
    await this.refresh();
    const numbers = new Map(bots.map(({ id, telegramId }) => [id, telegramId]));
    const broadcasts = await Promise.all(
      this.broadcasts.map(async ({ id, dueAt, state, counts }) => ({
        dueAtMs: Date.parse(dueAt),
        state,
        counts,
        deliveries: (await readAllPages(api, `/broadcasts/${id}/deliveries`)).map((delivery) => ({
          bot: numbers.get(delivery.botId),
          chat: Number(delivery.telegramChatId),
          state: delivery.state,
          reason: delivery.reason,
          messageId: delivery.telegramMessageId === null ? null : Number(delivery.telegramMessageId),
        })),
      })),
    );
    return { name: this.#name, broadcasts, arrivals, expected };
  }

  #show() {
    const sum = (state) => this.broadcasts.reduce((total, { counts }) => total + counts[state], 0);
    const settled = ['sent', 'failed', 'unknown', 'cancelled', 'skipped'].map(sum);
    const notes = ['failed', 'skipped', 'unknown'].filter(sum).map((state) => `${sum(state)} ${state}`);
    this.#bar.update(
      settled.reduce((total, count) => total + count, 0),
      notes.join(', '),
      this.#total,
    );
  }
}

function isSettled({ state, counts }) {
  return !['planning', 'sending'].includes(state) && counts.queued + counts.sending === 0;
}

/** Everything of the tenant that reached the sandbox and had an effect. */
async function readLedger({ sandbox }) {
  const rows = [];
  let since = 0;
  let hasMore = true;
  while (hasMore) {
    const page = await sandbox.get(`/ledger?limit=10000&sinceSequence=${since}`);
    rows.push(...page.rows);
    since = page.nextSinceSequence;
    hasMore = page.hasMore;
  }
  return rows.filter(({ isSending, hasEffect }) => isSending && hasEffect);
}

/** @returns {import('./figures.mjs').Arrival[]} */
function ledgerOf(rows, text) {
  return rows
    .filter((row) => row.text.startsWith(text))
    .map(({ botId, chatId, messageId, arrivedAtEpochMs }) => ({
      bot: botId,
      chat: chatId,
      messageId,
      arrivedAtMs: arrivedAtEpochMs,
    }));
}
