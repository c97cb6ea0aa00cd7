import { ChatPace } from '../limits/limits.rules.js';
import { type Bot } from './bot.js';
import { ChatHistory } from './chat-history.js';
import { type WireChat, type WireUser } from './wire-objects.js';
import { type Workspace } from './workspace.js';

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
