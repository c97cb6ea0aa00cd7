import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';

/** What one room does about a chat that wants no more messages; runs in the tenant's transaction. */
export type FollowWithdrawal = (manager: EntityManager, chatNo: string) => Promise<void>;

/** Rooms to the right register here what else is over when somebody writes /stop, so that it is over at once. */
@Injectable()
export class ConsentWithdrawals {
  private readonly rooms: FollowWithdrawal[] = [];

  register(follow: FollowWithdrawal): void {
    this.rooms.push(follow);
  }

  async follow(manager: EntityManager, chatNo: string): Promise<void> {
    for (const follow of this.rooms) await follow(manager, chatNo);
  }
}
