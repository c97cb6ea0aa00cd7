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

interface ShelvedMessage {
  history: ChatHistory;
  message: WireMessage;
  characters: number;
}

/**
 * Bounds what all chats together keep, in messages and in characters: the oldest of the whole sandbox goes first.
 * A message that is gone can't be edited or deleted any more ("message to edit not found").
 */
export class MessageShelf {
  private readonly places: (ShelvedMessage | undefined)[];
  private oldest = 0;
  private count = 0;
  private characters = 0;

  constructor(
    private readonly mostMessages: number,
    private readonly mostCharacters: number,
  ) {
    this.places = new Array<ShelvedMessage | undefined>(mostMessages);
  }

  /** Keeps a message; an edited one takes a place of its own and leaves its former one empty. */
  put(history: ChatHistory, message: WireMessage): void {
    const characters = measure(message);
    while (
      this.count === this.mostMessages ||
      (this.count > 0 && this.characters + characters > this.mostCharacters)
    ) {
      this.dropOldest();
    }
    this.places[(this.oldest + this.count) % this.mostMessages] = { history, message, characters };
    this.count++;
    this.characters += characters;
    history.put(message);
  }

  private dropOldest(): void {
    const place = this.places[this.oldest];
    this.places[this.oldest] = undefined;
    this.oldest = (this.oldest + 1) % this.mostMessages;
    this.count--;
    if (!place) return;
    this.characters -= place.characters;
    const { history, message } = place;
    if (history.find(message.message_id) === message) history.remove(message.message_id);
  }
}

// What a message costs besides its words: its object and its place.
const frameCharacters = 200;

function measure({
  text,
  caption,
  entities,
  caption_entities: captionEntities,
  reply_markup: markup,
}: WireMessage): number {
  const words = (text?.length ?? 0) + (caption?.length ?? 0);
  const spans = (entities?.length ?? 0) + (captionEntities?.length ?? 0);
  return frameCharacters + words + spans * 100 + (markup ? JSON.stringify(markup).length : 0);
}
