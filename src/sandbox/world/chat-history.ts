import { type WireMessage } from './wire-objects.js';

/** The messages of one chat as its people see them. */
export class ChatHistory {
  private readonly messages = new Map<number, WireMessage>();
  readonly pinnedIds: number[] = [];

  constructor(public lastMessageId = 0) {}

  nextMessageId(): number {
    return ++this.lastMessageId;
  }

  find(messageId: number): WireMessage | undefined {
    return this.messages.get(messageId);
  }

  put(message: WireMessage): void {
    this.messages.set(message.message_id, message);
  }

  remove(messageId: number): void {
    this.messages.delete(messageId);
    this.unpin(messageId);
  }

  unpin(messageId: number): boolean {
    const index = this.pinnedIds.indexOf(messageId);
    if (index >= 0) this.pinnedIds.splice(index, 1);
    return index >= 0;
  }

  /** The newest messages, oldest of them first. */
  newest(limit: number): WireMessage[] {
    return [...this.messages.values()].slice(-limit);
  }
}

/**
 * Bounds what all chats together keep: the oldest message of the whole sandbox goes first.
 * A message that is gone can't be edited or deleted any more ("message to edit not found").
 */
export class MessageShelf {
  private readonly histories: (ChatHistory | undefined)[];
  private readonly messageIds: Float64Array;
  private next = 0;

  constructor(capacity: number) {
    this.histories = new Array<ChatHistory | undefined>(capacity);
    this.messageIds = new Float64Array(capacity);
  }

  put(history: ChatHistory, message: WireMessage): void {
    this.histories[this.next]?.remove(this.messageIds[this.next] ?? 0);
    this.histories[this.next] = history;
    this.messageIds[this.next] = message.message_id;
    this.next = (this.next + 1) % this.messageIds.length;
    history.put(message);
  }
}
