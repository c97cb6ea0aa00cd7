import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';

/** A person who is to be forgotten, as one bot knows them. */
export interface ForgottenPerson {
  readonly contactId: string;
  readonly botId: string;
  readonly botNo: string;
  readonly telegramUserId: string;
  /** Numbers of the chats that are theirs alone. */
  readonly chatNos: readonly string[];
  /** Ids of what they had to do with that the bot heard in the last 48 hours. */
  readonly updateIds: readonly string[];
}

/** Makes one room forget them; runs in the tenant's transaction. */
export type ForgetPerson = (manager: EntityManager, person: ForgottenPerson) => Promise<void>;

/** Rooms to the right that keep something of people register here, so that nothing of somebody erased stays. */
@Injectable()
export class PersonTraces {
  private readonly rooms: ForgetPerson[] = [];

  register(forget: ForgetPerson): void {
    this.rooms.push(forget);
  }

  async forget(manager: EntityManager, person: ForgottenPerson): Promise<void> {
    for (const forget of this.rooms) await forget(manager, person);
  }
}
