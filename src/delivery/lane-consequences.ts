import { Injectable, Logger } from '@nestjs/common';
import { AudienceService } from '../audience/index.js';
import { BotVerdicts, type ConnectedBot } from '../bots/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { BroadcastProgress } from './broadcast-progress.service.js';
import { Contents } from './contents.js';
import { type Consequence, DELIVERY_CLASS } from './delivery.rules.js';
import { LaneLeaseRepository } from './lane-lease.repository.js';
import { type Lane } from './lane.js';
import { type QueuedDelivery } from './lane.repository.js';
import { OpenDays } from './open-days.js';

/** Carries out what an outcome means beyond the row of its delivery: for its chat, its bot, its broadcast, its lane. */
@Injectable()
export class LaneConsequences {
  private readonly logger = new Logger('LaneConsequences');
  private readonly leases: LaneLeaseRepository;

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly audience: AudienceService,
    private readonly verdicts: BotVerdicts,
    private readonly progress: BroadcastProgress,
    private readonly contents: Contents,
    days: OpenDays,
  ) {
    this.leases = new LaneLeaseRepository(database, days);
  }

  /** @param drop has the lanes of this process drop what they have read ahead of a broadcast */
  async follow(
    lane: Lane,
    delivery: QueuedDelivery,
    consequence: Consequence,
    drop: (broadcastNo: string) => void,
  ): Promise<void> {
    const { bot } = lane;
    try {
      switch (consequence.kind) {
        case 'none':
          return;
        case 'chatUnreachable':
          return await this.audience.recordUnreachable(this.database, bot.botNo, [
            { chatNo: delivery.chatNo, reason: consequence.reason },
          ]);
        case 'chatMigrated':
          return await this.audience.recordMigration(
            bot.tenantId,
            bot.botNo,
            delivery.telegramChatId,
            consequence.migrateToChatId,
          );
        case 'contentRefused':
          // An answer to a person is nobody else's: its number is a reply's, not a broadcast's.
          if (delivery.class !== DELIVERY_CLASS.broadcast) return;
          return await this.stopBroadcast(bot, delivery.sourceNo, consequence.reason, drop);
        case 'starsMissing':
          await this.progress.pause(bot.tenantId, delivery.sourceNo, 'not_enough_stars');
          return lane.dropBroadcast(delivery.sourceNo);
        case 'tokenRejected':
          lane.finish({ kind: 'stopped' });
          return await this.verdicts.rejectToken(bot);
        case 'rest':
          return await this.leases.noteRest(
            bot.botNo,
            lane.epoch,
            consequence.retryAfterSeconds * 1000,
            lane.memory(),
          );
      }
    } catch (error) {
      // The row is settled all the same; what follows from it comes up again with the next message to this chat.
      this.logger.error(error, `what follows from ${consequence.kind} could not be noted`);
    }
  }

  /** The lanes of this process hear of it at once, the others when it is committed. */
  private async stopBroadcast(
    { tenantId }: ConnectedBot,
    broadcastNo: string,
    reason: string,
    drop: (broadcastNo: string) => void,
  ): Promise<void> {
    this.contents.refuse(broadcastNo);
    drop(broadcastNo);
    try {
      await this.progress.stop(tenantId, broadcastNo, reason);
    } catch (error) {
      this.contents.forget(broadcastNo);
      throw error;
    }
  }
}
