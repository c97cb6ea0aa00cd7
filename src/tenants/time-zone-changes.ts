import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';

/** What one room does where local times of the tenant changed; runs in the tenant's transaction. */
export type FollowTimeZones = (manager: EntityManager) => Promise<void>;

/** Rooms to the right register here what hangs on the zones of a tenant, its bots and its chats. */
@Injectable()
export class TimeZoneChanges {
  private readonly rooms: FollowTimeZones[] = [];

  register(follow: FollowTimeZones): void {
    this.rooms.push(follow);
  }

  async follow(manager: EntityManager): Promise<void> {
    for (const follow of this.rooms) await follow(manager);
  }
}
