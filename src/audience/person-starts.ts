import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type BotNumber } from '../platform/identity/index.js';

/** The chat in which somebody pressed Start. */
export interface StartedChat {
  readonly botNo: BotNumber;
  readonly telegramChatId: number;
}

/** What one room does when somebody presses Start; runs in the tenant's transaction. */
export type FollowStart = (manager: EntityManager, chat: StartedChat) => Promise<void>;

/** Rooms to the right register here what begins when somebody presses Start, each time they do. */
@Injectable()
export class PersonStarts {
  private readonly rooms: FollowStart[] = [];

  register(follow: FollowStart): void {
    this.rooms.push(follow);
  }

  async follow(manager: EntityManager, chat: StartedChat): Promise<void> {
    for (const follow of this.rooms) await follow(manager, chat);
  }
}
