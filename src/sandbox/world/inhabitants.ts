import { type BotPace, ChatPace, type SandboxLimits } from '../limits/limits.rules.js';
import { type CallbackQueries } from './callback-queries.js';
import { ChatHistory, MessageShelf } from './chat-history.js';
import { FileShelf } from './file-shelf.js';
import { type SharedRoom } from './shared-room.js';
import { type UpdateQueue } from './update-queue.js';
import { type WireChat, type WireUser } from './wire-objects.js';

/** What somebody who plays a person wants to know at once. */
export interface WorldEvent {
  type: 'message' | 'edited_message' | 'deleted_message' | 'callback_answer' | 'chat_action';
  botId: number;
  chatId: number;
  payload: unknown;
}

/** All that one tenant made; nobody else sees any of it. */
export class Workspace {
  readonly bots = new Map<number, Bot>();
  readonly people = new Map<number, Person>();
  readonly groups = new Map<number, Group>();
  /** Over all bots; bounded by the world. */
  privateChatCount = 0;
  limits: Partial<SandboxLimits> = {};
  latency: Latency | undefined;
  /** Unknown parameters are refused; undefined takes the sandbox's own default. */
  isStrict: boolean | undefined;
  /** Ledger rows up to here were deleted by the workspace. */
  ledgerFloor = 0;
  readonly watchers = new Set<(event: WorldEvent) => void>();
  /**
   * By name in small letters. At Telegram they are taken once for all; here once in a workspace, or one could find out
   * what another has.
   */
  readonly usernames = new Map<string, Bot | Person | Group>();
  readonly messages: MessageShelf;
  readonly files: FileShelf;

  constructor(
    readonly id: string,
    rooms: { messages: SharedRoom; files: SharedRoom },
  ) {
    this.messages = new MessageShelf(rooms.messages);
    this.files = new FileShelf(rooms.files);
  }

  isUsernameTaken(username: string): boolean {
    return this.usernames.has(username.toLowerCase());
  }

  /** A public group or channel by its @username. */
  findGroupByUsername(username: string): Group | undefined {
    const owner = this.usernames.get(username.toLowerCase());
    return owner instanceof Group ? owner : undefined;
  }

  announce(event: WorldEvent): void {
    for (const watch of this.watchers) watch(event);
  }
}

/** How long an answer takes: a number drawn evenly between the two. */
export interface Latency {
  minimumMs: number;
  maximumMs: number;
}

export interface Webhook {
  url: string;
  secretToken: string | undefined;
  maxConnections: number;
  lastErrorDate?: number;
  lastErrorMessage?: string;
}

/** What a bot says about itself, per language code ('' for everybody). */
export interface BotProfile {
  names: Record<string, string>;
  descriptions: Record<string, string>;
  shortDescriptions: Record<string, string>;
  /** By scope and language. */
  commands: Record<string, unknown[]>;
  /** By chat id; 0 for the default. */
  menuButtons: Record<number, unknown>;
}

export interface Bot {
  readonly id: number;
  readonly workspace: Workspace;
  token: string;
  readonly user: WireUser;
  canReadAllGroupMessages: boolean;
  readonly profile: BotProfile;
  /** By person. */
  readonly privateChats: Map<number, PrivateChat>;
  /** By group. */
  readonly seats: Map<number, GroupSeat>;
  readonly updates: UpdateQueue;
  readonly callbackQueries: CallbackQueries;
  readonly pace: BotPace;
  webhook: Webhook | undefined;
  limits: Partial<SandboxLimits>;
  latency: Latency | undefined;
}

export function emptyProfile(): BotProfile {
  return { names: {}, descriptions: {}, shortDescriptions: {}, commands: {}, menuButtons: {} };
}

export interface Person {
  readonly id: number;
  readonly workspace: Workspace;
  readonly user: WireUser;
  readonly chat: WireChat;
  isDeactivated: boolean;
}

/** What a bot may do in a chat right now. */
export type SeatStatus = 'member' | 'administrator' | 'left' | 'kicked';

/** A chat as one bot meets it: a private chat, or its seat in a group or channel. */
export interface ChatSeat {
  readonly chat: WireChat;
  readonly history: ChatHistory;
  readonly pace: ChatPace;
}

export class PrivateChat implements ChatSeat {
  readonly history: ChatHistory;
  readonly pace = new ChatPace();
  state: 'unstarted' | 'started' | 'blocked' = 'unstarted';

  constructor(
    readonly bot: Bot,
    readonly person: Person,
    lastMessageId = 0,
  ) {
    this.history = new ChatHistory(lastMessageId);
  }

  get chat(): WireChat {
    return this.person.chat;
  }
}

/** A basic group, a supergroup or a channel. */
export class Group {
  readonly people = new Map<number, Person>();
  readonly seats = new Map<number, GroupSeat>();
  readonly history: ChatHistory;
  migratedToId: number | undefined;

  constructor(
    readonly workspace: Workspace,
    readonly chat: WireChat,
    lastMessageId = 0,
  ) {
    this.history = new ChatHistory(lastMessageId);
  }

  get id(): number {
    return this.chat.id;
  }
}

export class GroupSeat implements ChatSeat {
  readonly pace = new ChatPace();

  constructor(
    readonly bot: Bot,
    readonly group: Group,
    public status: SeatStatus,
  ) {}

  get chat(): WireChat {
    return this.group.chat;
  }

  get history(): ChatHistory {
    return this.group.history;
  }

  get isPresent(): boolean {
    return this.status === 'member' || this.status === 'administrator';
  }
}
