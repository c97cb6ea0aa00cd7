import { type EntityManager } from 'typeorm';

/** A bot's chats by state. */
export interface ChatCount {
  readonly active: number;
  readonly stopped: number;
  readonly unreachable: number;
}

/** How many chats bots have; the room `audience` provides it. */
export abstract class ChatCounts {
  /** @returns counts by bot id; a bot without chats is not in it */
  abstract countByBot(
    manager: EntityManager,
    botIds: readonly string[],
  ): Promise<ReadonlyMap<string, ChatCount>>;
}
