import { type Sharer, type SharedRoom } from './shared-room.js';
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

// What a message costs besides its words: its object and its place.
const frameCharacters = 512;

/**
 * Bounds what the chats of a workspace keep: in a room that it shares with the others, the oldest goes first. A message
 * that is gone can't be edited or deleted any more ("message to edit not found").
 */
export class MessageShelf implements Sharer {
  private places: (ShelvedMessage | undefined)[] = [];
  private oldest = 0;
  private characters = 0;

  constructor(private readonly room: SharedRoom) {}

  get held(): number {
    return this.characters;
  }

  /** Keeps a message; an edited one takes a place of its own and leaves its former one empty. */
  put(history: ChatHistory, message: WireMessage): void {
    const characters = measure(message);
    this.places.push({ history, message, characters });
    history.put(message);
    this.characters += characters;
    this.room.take(this, characters);
  }

  giveWay(): void {
    const place = this.places[this.oldest];
    if (!place) return;
    this.places[this.oldest++] = undefined;
    // Seldom enough that moving the rest costs each message next to nothing.
    if (this.oldest > 1024 && this.oldest * 2 > this.places.length) {
      this.places = this.places.slice(this.oldest);
      this.oldest = 0;
    }
    this.characters -= place.characters;
    this.room.release(place.characters);
    const { history, message } = place;
    if (history.find(message.message_id) === message) history.remove(message.message_id);
  }

  clear(): void {
    this.room.leave(this);
    this.places = [];
    this.oldest = 0;
    this.characters = 0;
  }
}

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
