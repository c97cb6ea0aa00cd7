// Who takes part in the demo: a tenant, two bots, people and groups. All of it through the public API and the sandbox.
import { randomBytes } from 'node:crypto';
import { JsonClient } from './json-client.mjs';
import { waitFor } from './waiting.mjs';

const PEOPLE = 1000;
const GROUPS = 10;
const BLOCKED_BEFORE_PER_BOT = 10;
/** People who deleted their Telegram account: no bot is told, so the first message to each of them fails. */
const LEFT_PER_BOT = 3;
const REGULARS_PER_BOT = 100;
const COLLECTORS_PER_BOT = 60;

export const REGULARS = 'regulars';
export const COLLECTORS = 'collectors';

const BOT_NAMES = ['Harbour Radio', 'Corner Library'];
/** Greeting a thousand people takes 17 s at Telegram's 30 a second and bot. */
const GREETED_WITHIN_SECONDS = 120;

/**
 * @typedef {object} Bot
 * @property {string} id at Arauto
 * @property {string} name
 * @property {number} telegramId
 * @property {number[]} people who pressed Start, by their number in Telegram; the first few block the bot later
 * @property {number[]} groups that added it
 *
 * @typedef {object} Cast
 * @property {{ email: string, password: string }} login
 * @property {string} sandboxPage with access to the tenant's workspace
 * @property {JsonClient} api as the tenant's owner
 * @property {JsonClient} sandbox
 * @property {Bot[]} bots
 * @property {{ blocked: number[], left: number[], regulars: number[], collectors: number[] }} people
 */

/**
 * @param {{ apiUrl: string, isPaced: boolean, progress: object, signal: AbortSignal }} stage
 * @returns {Promise<Cast>}
 */
export async function gatherCast({ apiUrl, isPaced, progress, signal }) {
  // Another address in each run: an earlier run's tenant stays what it was.
  const login = {
    email: `demo-${randomBytes(4).toString('hex')}@example.org`,
    password: randomBytes(12).toString('base64url'),
  };
  const address = `${apiUrl}/api/v1`;
  const visitor = new JsonClient(address, { signal });
  const { accessToken } = await visitor.post('/auth/sign-up', {
    ...login,
    name: 'Demo',
    tenantName: 'Arauto demo',
  });
  const api = new JsonClient(address, { accessToken, signal });
  progress.say(`Signed up as ${login.email}.`);

  const access = await api.post('/sandbox/access');
  const sandbox = new JsonClient(`${access.url}/sandbox/v1`, { accessToken: access.accessToken, signal });
  if (!isPaced) {
    await sandbox.put('/limits', {
      messagesPerSecondPerBot: null,
      messagesPerSecondPerChat: null,
      messagesPerMinutePerGroup: null,
    });
  }

  const bots = await Promise.all(BOT_NAMES.map((name) => connectBot(name, { api, sandbox })));
  progress.say(`Connected two bots by token: ${bots.map(({ name }) => name).join(' and ')}.`);
  await meetPeople(bots, { api, sandbox, progress, signal });
  const people = {
    blocked: pick(bots, 0, BLOCKED_BEFORE_PER_BOT),
    left: pick(bots, BLOCKED_BEFORE_PER_BOT, LEFT_PER_BOT),
    regulars: pick(bots, 100, REGULARS_PER_BOT),
    collectors: pick(bots, 300, COLLECTORS_PER_BOT),
  };
  await tagChats(bots, people, { api });
  await losePeople(bots, people, { api, sandbox, signal });
  progress.say(
    `${people.blocked.length} people blocked their bot, ${people.left.length} deleted their account.`,
  );
  return { login, sandboxPage: access.pageUrl, api, sandbox, bots, people };
}

async function connectBot(name, { api, sandbox }) {
  const { id: telegramId, token } = await sandbox.post('/bots', { firstName: name });
  const { id } = await api.post('/bots', { token, environment: 'sandbox' });
  return { id, name, telegramId, people: [], groups: [] };
}

/** Half of the people and of the groups for each bot; waits until Arauto knows and has greeted them. */
async function meetPeople(bots, { api, sandbox, progress, signal }) {
  const { people } = await sandbox.post('/people', { count: PEOPLE, firstName: 'Person' });
  const { groups } = await sandbox.post('/groups', { count: GROUPS, title: 'Neighbours', type: 'group' });
  const share = (all, place) => {
    const size = all.length / bots.length;
    return all.slice(place * size, (place + 1) * size).map(({ id }) => id);
  };
  await Promise.all(
    bots.map(async (bot, place) => {
      bot.people = share(people, place);
      bot.groups = share(groups, place);
      await sandbox.post('/actions/start', { botId: bot.telegramId, personIds: bot.people });
      for (const group of bot.groups)
        await sandbox.post(`/groups/${group}/add-bot`, { botId: bot.telegramId });
    }),
  );
  const bar = progress.open('People pressed Start, bots greet', PEOPLE);
  await waitFor(
    `${PEOPLE} people greeted and ${GROUPS} groups known`,
    async () => {
      const known = await countChats(bots, 'active', { api });
      const { effects: greeted } = await sandbox.get('/ledger/summary?method=sendMessage');
      bar.update(greeted, `audience ${known}`);
      return known === PEOPLE + GROUPS && greeted >= PEOPLE;
    },
    { signal, withinSeconds: GREETED_WITHIN_SECONDS },
  );
}

/** So many people of each bot, beginning at the given place of its list. */
function pick(bots, first, perBot) {
  return bots.flatMap(({ people }) => people.slice(first, first + perBot));
}

async function tagChats(bots, people, { api }) {
  const chats = await readAllPages(api, '/chats');
  const idsOf = (numbers) => {
    const wanted = new Set(numbers);
    return chats.filter(({ telegramChatId }) => wanted.has(telegramChatId)).map(({ id }) => id);
  };
  const groups = bots.flatMap((bot) => bot.groups);
  await api.post('/chats/tags', { tag: REGULARS, chatIds: idsOf(people.regulars) });
  await api.post('/chats/tags', { tag: COLLECTORS, chatIds: idsOf([...people.collectors, ...groups]) });
}

async function losePeople(bots, { blocked, left }, { api, sandbox, signal }) {
  const botOf = (person) => bots.find((bot) => bot.people.includes(person));
  for (const person of blocked) {
    await sandbox.post(`/people/${person}/block`, { botId: botOf(person).telegramId });
  }
  for (const person of left) await sandbox.post(`/people/${person}/deactivate`);
  await waitFor(
    'those who blocked their bot leave the audience',
    async () => (await countChats(bots, 'unreachable', { api })) === blocked.length,
    { signal, withinSeconds: 30 },
  );
}

async function countChats(bots, state, { api }) {
  const ids = new Set(bots.map(({ id }) => id));
  const { counts } = await api.get('/audience/counts');
  return counts
    .filter((count) => ids.has(count.botId) && count.state === state)
    .reduce((sum, { chats }) => sum + chats, 0);
}

/** Every item of a list of the API, page by page. */
export async function readAllPages(api, path, filter = {}) {
  const items = [];
  let cursor = null;
  do {
    const query = new URLSearchParams({ ...filter, limit: 200, ...(cursor !== null && { cursor }) });
    const page = await api.get(`${path}?${query}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return items;
}
