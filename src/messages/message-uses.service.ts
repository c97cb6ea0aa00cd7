import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';

/** Says in words why a message must stay, or undefined; runs in the tenant's transaction. */
export type MessageUse = (manager: EntityManager, messageId: string) => Promise<string | undefined>;

/** Rooms to the right that use messages register here, so that nobody archives one from under them. */
@Injectable()
export class MessageUses {
  private readonly uses: MessageUse[] = [];

  register(use: MessageUse): void {
    this.uses.push(use);
  }

  async findReasonToKeep(manager: EntityManager, messageId: string): Promise<string | undefined> {
    for (const use of this.uses) {
      const reason = await use(manager, messageId);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }
}
