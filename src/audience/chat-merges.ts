import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type BotNumber } from '../platform/identity/index.js';

/** Two chats of a bot turned out to be one. */
export interface ChatMerge {
  readonly botNo: BotNumber;
  /** Number of the chat that is about to be deleted. */
  readonly goneNo: string;
  readonly keptNo: string;
}

/** What one room does about it; runs in the tenant's transaction. */
export type FollowMerge = (manager: EntityManager, merge: ChatMerge) => Promise<void>;

/** Rooms to the right register here what they know of a chat by its number, so that it isn't lost with it. */
@Injectable()
export class ChatMerges {
  private readonly rooms: FollowMerge[] = [];

  register(follow: FollowMerge): void {
    this.rooms.push(follow);
  }

  async follow(manager: EntityManager, merge: ChatMerge): Promise<void> {
    for (const follow of this.rooms) await follow(manager, merge);
  }
}
