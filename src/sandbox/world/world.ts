import { randomBytes, randomInt } from 'node:crypto';

import { type Clock } from '../../platform/clock/index.js';
import { BotPace, type SandboxLimits } from '../limits/limits.rules.js';
import {
  type Bot,
  type BotProfile,
  emptyProfile,
  Group,
  type Latency,
  type Person,
  PrivateChat,
  type Webhook,
  Workspace,
} from './inhabitants.js';
import { ActionRefusedError } from './action.errors.js';
import { CallbackQueries } from './callback-queries.js';
import { SharedRoom } from './shared-room.js';
import { UpdateQueue } from './update-queue.js';
import { type WireChat, type WireUser } from './wire-objects.js';

/** Sandbox-wide defaults, the operator's to set. */
export interface WorldDefaults {
  limits: SandboxLimits;
  latency: Latency;
  isStrict: boolean;
}

export interface NewBot {
  firstName: string;
  username?: string | undefined;
  canReadAllGroupMessages?: boolean | undefined;
  id?: number | undefined;
  token?: string | undefined;
  profile?: BotProfile | undefined;
  nextUpdateId?: number | undefined;
}

export interface NewPerson {
  firstName: string;
  lastName?: string | undefined;
  username?: string | undefined;
  languageCode?: string | undefined;
  id?: number | undefined;
}

// Far apart, as at Telegram, so that one never looks like the other.
const firstPersonId = 1_000_000;
const firstBotId = 7_000_000_000;
const firstBasicGroupId = 4_000_000;
// https://core.telegram.org/api/bots/ids: supergroups and channels are -100 followed by their own number.
const firstChannelId = 1_000_000_000_000 + 2_000_000_000;
// Of all workspaces together: half a million short messages, and a few large videos.
const mostMessageCharacters = 256_000_000;
const mostFileBytes = 256 * 1024 * 1024;
const mostPrivateChats = 1_000_000;

/** Everybody and everything that exists in the sandbox. */
export class World {
  readonly workspaces = new Map<string, Workspace>();
  readonly botsByToken = new Map<string, Bot>();
  readonly counters = {
    person: firstPersonId,
    bot: firstBotId,
    basicGroup: firstBasicGroupId,
    channel: firstChannelId,
  };
  private readonly rooms = {
    messages: new SharedRoom(mostMessageCharacters),
    files: new SharedRoom(mostFileBytes),
  };
  /** Called when something changed in a workspace that must survive a restart. */
  onChanged: (workspace: Workspace) => void = () => undefined;
  /** Called when a workspace is gone; resolves when it would be after a restart too. */
  onDeleted: (workspace: Workspace) => Promise<void> = () => Promise.resolve();
  /** Called when a bot's webhook was set or removed. */
  onWebhookChanged: (bot: Bot) => void = () => undefined;

  constructor(
    readonly clock: Clock,
    readonly defaults: WorldDefaults,
  ) {}

  nowMs(): number {
    return this.clock.now().getTime();
  }

  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }

  openWorkspace(id: string): Workspace {
    let workspace = this.workspaces.get(id);
    if (!workspace) {
      workspace = new Workspace(id, this.rooms);
      this.workspaces.set(id, workspace);
    }
    return workspace;
  }

  limitsOf(bot: Bot): SandboxLimits {
    return { ...this.defaults.limits, ...bot.workspace.limits, ...bot.limits };
  }

  latencyOf(bot: Bot): Latency {
    return bot.latency ?? bot.workspace.latency ?? this.defaults.latency;
  }

  isStrict(bot: Bot): boolean {
    return bot.workspace.isStrict ?? this.defaults.isStrict;
  }

  addBot(workspace: Workspace, settings: NewBot): Bot {
    const id = settings.id ?? this.counters.bot++;
    const username = settings.username ?? `sandbox_${id}_bot`;
    const bot: Bot = {
      id,
      workspace,
      token: settings.token ?? mintToken(id),
      user: { id, is_bot: true, first_name: settings.firstName, username },
      canReadAllGroupMessages: settings.canReadAllGroupMessages ?? false,
      profile: settings.profile ?? emptyProfile(),
      privateChats: new Map(),
      seats: new Map(),
      updates: new UpdateQueue(settings.nextUpdateId ?? randomInt(100_000_000, 900_000_000)),
      callbackQueries: new CallbackQueries(),
      pace: new BotPace(),
      webhook: undefined,
      limits: {},
      latency: undefined,
    };
    workspace.bots.set(id, bot);
    this.botsByToken.set(bot.token, bot);
    workspace.usernames.set(username.toLowerCase(), bot);
    this.onChanged(workspace);
    return bot;
  }

  revokeToken(bot: Bot): void {
    this.botsByToken.delete(bot.token);
    bot.token = mintToken(bot.id);
    this.botsByToken.set(bot.token, bot);
    this.onChanged(bot.workspace);
  }

  setWebhook(bot: Bot, webhook: Webhook | undefined): void {
    bot.webhook = webhook;
    this.onWebhookChanged(bot);
    this.onChanged(bot.workspace);
  }

  addPerson(workspace: Workspace, settings: NewPerson): Person {
    const id = settings.id ?? this.counters.person++;
    const names = {
      first_name: settings.firstName,
      ...(settings.lastName === undefined ? {} : { last_name: settings.lastName }),
      ...(settings.username === undefined ? {} : { username: settings.username }),
    };
    const language = settings.languageCode === undefined ? {} : { language_code: settings.languageCode };
    const user: WireUser = { id, is_bot: false, ...names, ...language };
    const chat: WireChat = { id, type: 'private', ...names };
    const person: Person = { id, workspace, user, chat, isDeactivated: false };
    workspace.people.set(id, person);
    if (settings.username !== undefined) workspace.usernames.set(settings.username.toLowerCase(), person);
    this.onChanged(workspace);
    return person;
  }

  addGroup(workspace: Workspace, chat: Omit<WireChat, 'id'> & { id?: number }, lastMessageId = 0): Group {
    const id = chat.id ?? -(chat.type === 'group' ? this.counters.basicGroup++ : this.counters.channel++);
    const group = new Group(workspace, { ...chat, id }, lastMessageId);
    workspace.groups.set(id, group);
    if (chat.username !== undefined) workspace.usernames.set(chat.username.toLowerCase(), group);
    this.onChanged(workspace);
    return group;
  }

  /**
   * The chat of a person with a bot, from now on kept.
   * @throws ActionRefusedError when the workspace has too many
   */
  privateChat(bot: Bot, person: Person, lastMessageId = 0): PrivateChat {
    const known = bot.privateChats.get(person.id);
    if (known) return known;
    if (bot.workspace.privateChatCount >= mostPrivateChats) {
      throw new ActionRefusedError(
        `A workspace holds at most ${mostPrivateChats} private chats; delete its contents.`,
      );
    }
    bot.workspace.privateChatCount++;
    const chat = new PrivateChat(bot, person, lastMessageId);
    bot.privateChats.set(person.id, chat);
    return chat;
  }

  pushUpdate(bot: Bot, kind: string, payload: unknown, chatId: number): void {
    bot.updates.push(kind, payload, chatId, this.nowMs());
  }

  /** Deletes a workspace with all that it has; who comes back finds a new one. */
  async deleteWorkspace(workspace: Workspace): Promise<void> {
    this.emptyWorkspace(workspace);
    this.workspaces.delete(workspace.id);
    await this.onDeleted(workspace);
  }

  /** Deletes all that a workspace has; its settings go back to the defaults. */
  emptyWorkspace(workspace: Workspace): void {
    for (const bot of workspace.bots.values()) {
      this.botsByToken.delete(bot.token);
      bot.webhook = undefined;
      this.onWebhookChanged(bot);
    }
    workspace.usernames.clear();
    workspace.messages.clear();
    workspace.files.clear();
    workspace.bots.clear();
    workspace.people.clear();
    workspace.groups.clear();
    workspace.privateChatCount = 0;
    workspace.limits = {};
    workspace.latency = undefined;
    workspace.isStrict = undefined;
    this.onChanged(workspace);
  }
}

// The shape of Telegram's own: the bot's id, a colon and 35 characters.
function mintToken(botId: number): string {
  return `${botId}:${randomBytes(27).toString('base64url').slice(0, 35)}`;
}
