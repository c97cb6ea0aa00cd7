import { type Bot, type Group, GroupSeat, type Workspace } from './inhabitants.js';
import { type Snapshot, type WorkspaceSnapshot } from './snapshot.dto.js';
import { type World } from './world.js';

// After a crash the numbers in the file may be behind what was handed out since; none may come twice.
const countersLeap = 10_000;

export function takeSnapshot(world: World, isClean: boolean): Snapshot {
  return {
    version: 1,
    isClean,
    counters: { ...world.counters },
    workspaces: [...world.workspaces.values()].map(describeWorkspace),
  };
}

function describeWorkspace(workspace: Workspace): WorkspaceSnapshot {
  return {
    id: workspace.id,
    limits: { ...workspace.limits },
    latency: workspace.latency,
    isStrict: workspace.isStrict,
    people: [...workspace.people.values()].map(({ id, user, isDeactivated }) => ({
      id,
      firstName: user.first_name,
      lastName: user.last_name,
      username: user.username,
      languageCode: user.language_code,
      isDeactivated,
    })),
    bots: [...workspace.bots.values()].map(describeBot),
    groups: [...workspace.groups.values()].map(describeGroup),
  };
}

function describeBot(bot: Bot): WorkspaceSnapshot['bots'][number] {
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
    privateChats: [...bot.privateChats].map(([personId, chat]) => [
      personId,
      chat.state,
      chat.history.lastMessageId,
    ]),
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

/** Fills an empty world with what a snapshot holds. */
export function restoreSnapshot(world: World, snapshot: Snapshot): void {
  const leap = snapshot.isClean ? 0 : countersLeap;
  for (const content of snapshot.workspaces) {
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
  for (const [name, value] of Object.entries(snapshot.counters)) {
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
