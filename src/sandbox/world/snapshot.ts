import { type Bot, type Group, GroupSeat, type Person, type Workspace } from './inhabitants.js';
import { type WorkspaceSnapshot, type WorldSnapshot } from './snapshot.dto.js';
import { type World } from './world.js';

// After a crash the numbers in the file may be behind what was handed out since; none may come twice.
const countersLeap = 10_000;

// Pieces of so many people or chats are written down at once: some milliseconds in which nobody else is served.
const pieceRows = 2000;

export function describeWorld(world: World, isClean: boolean): WorldSnapshot {
  return { version: 2, isClean, counters: { ...world.counters } };
}

/** A workspace as JSON ({@link WorkspaceSnapshot}), in pieces between which others are served. */
export function* writeWorkspace(workspace: Workspace): Generator<string> {
  const { id, limits, latency, isStrict } = workspace;
  yield openObject({ id, limits, latency, isStrict }, 'people');
  yield* writeRows(workspace.people.values(), describePerson);
  yield '],"bots":[';
  let separator = '';
  for (const bot of workspace.bots.values()) {
    yield separator + openObject(describeBot(bot), 'privateChats');
    yield* writeRows(bot.privateChats, ([personId, chat]) => [
      personId,
      chat.state,
      chat.history.lastMessageId,
    ]);
    yield ']}';
    separator = ',';
  }
  yield '],"groups":[';
  yield* writeRows(workspace.groups.values(), describeGroup);
  yield ']}';
}

/** The object up to a list of that name, which is left open. */
function openObject(content: object, list: string): string {
  return `${JSON.stringify(content).slice(0, -1)},"${list}":[`;
}

function* writeRows<Row>(rows: Iterable<Row>, describe: (row: Row) => unknown): Generator<string> {
  let piece: string[] = [];
  let separator = '';
  for (const row of rows) {
    piece.push(JSON.stringify(describe(row)));
    if (piece.length < pieceRows) continue;
    yield separator + piece.join(',');
    separator = ',';
    piece = [];
  }
  if (piece.length > 0) yield separator + piece.join(',');
}

function describePerson({ id, user, isDeactivated }: Person): WorkspaceSnapshot['people'][number] {
  return {
    id,
    firstName: user.first_name,
    lastName: user.last_name,
    username: user.username,
    languageCode: user.language_code,
    isDeactivated,
  };
}

function describeBot(bot: Bot): Omit<WorkspaceSnapshot['bots'][number], 'privateChats'> {
  const { webhook } = bot;
  return {
    id: bot.id,
    token: bot.token,
    firstName: bot.user.first_name,
    username: bot.user.username ?? '',
    canReadAllGroupMessages: bot.canReadAllGroupMessages,
    nextUpdateId: bot.updates.nextId,
    allowedUpdates: bot.updates.allowed,
    profile: bot.profile,
    webhook: webhook && {
      url: webhook.url,
      secretToken: webhook.secretToken,
      maxConnections: webhook.maxConnections,
    },
    limits: { ...bot.limits },
    latency: bot.latency,
  };
}

function describeGroup(group: Group): WorkspaceSnapshot['groups'][number] {
  const { id, type, title, username } = group.chat;
  return {
    chat: { id, type: type === 'private' ? 'group' : type, title, username },
    lastMessageId: group.history.lastMessageId,
    migratedToId: group.migratedToId,
    peopleIds: [...group.people.keys()],
    seats: [...group.seats].map(([botId, seat]) => [botId, seat.status]),
  };
}

/** Fills an empty world with what was written down of it. */
export function restoreWorld(
  world: World,
  { isClean, counters }: WorldSnapshot,
  workspaces: readonly WorkspaceSnapshot[],
): void {
  const leap = isClean ? 0 : countersLeap;
  for (const content of workspaces) {
    const workspace = world.openWorkspace(content.id);
    workspace.limits = content.limits;
    workspace.latency = content.latency;
    workspace.isStrict = content.isStrict;
    for (const person of content.people) {
      world.addPerson(workspace, person).isDeactivated = person.isDeactivated;
    }
    for (const bot of content.bots) restoreBot(world, workspace, bot, leap);
    for (const group of content.groups) restoreGroup(world, workspace, group, leap);
  }
  for (const [name, value] of Object.entries(counters)) {
    if (name in world.counters) world.counters[name as keyof World['counters']] = value + leap;
  }
}

function restoreBot(
  world: World,
  workspace: Workspace,
  content: WorkspaceSnapshot['bots'][number],
  leap: number,
): void {
  const bot = world.addBot(workspace, { ...content, nextUpdateId: content.nextUpdateId + leap });
  bot.limits = content.limits;
  bot.latency = content.latency;
  bot.updates.allow(content.allowedUpdates ?? []);
  for (const [personId, state, lastMessageId] of content.privateChats) {
    const person = workspace.people.get(personId);
    if (!person) continue;
    world.privateChat(bot, person, lastMessageId + leap).state = state;
  }
  if (content.webhook) {
    world.setWebhook(bot, { ...content.webhook, secretToken: content.webhook.secretToken });
  }
}

function restoreGroup(
  world: World,
  workspace: Workspace,
  content: WorkspaceSnapshot['groups'][number],
  leap: number,
): void {
  const { title, username, ...chat } = content.chat;
  const names = {
    ...(title === undefined ? {} : { title }),
    ...(username === undefined ? {} : { username }),
  };
  const group: Group = world.addGroup(workspace, { ...chat, ...names }, content.lastMessageId + leap);
  group.migratedToId = content.migratedToId;
  for (const personId of content.peopleIds) {
    const person = workspace.people.get(personId);
    if (person) group.people.set(personId, person);
  }
  for (const [botId, status] of content.seats) {
    const bot = workspace.bots.get(botId);
    if (!bot) continue;
    const seat = new GroupSeat(bot, group, status);
    group.seats.set(botId, seat);
    bot.seats.set(group.id, seat);
  }
}
