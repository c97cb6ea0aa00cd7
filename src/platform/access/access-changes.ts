import { Injectable } from '@nestjs/common';
import { DatabaseNotifications } from '../database/index.js';

const CHANNEL = 'access_changes';

/** How processes hear that what somebody may do has changed. */
@Injectable()
export class AccessChanges {
  constructor(private readonly notifications: DatabaseNotifications) {}

  /**
   * Tells every process, once the transaction is committed, to look again at what somebody may do. Here it is in effect
   * before whoever changed it hears so. A hint to the others: whoever misses it looks again within seconds.
   *
   * @param id of a person, a session, an API key, or a whole tenant
   */
  announce(transaction: Parameters<DatabaseNotifications['announce']>[0], id: string): Promise<void> {
    return this.notifications.announce(transaction, CHANNEL, id);
  }

  listen(forget: (id: string) => void): Promise<void> {
    return this.notifications.listen(CHANNEL, forget);
  }
}
