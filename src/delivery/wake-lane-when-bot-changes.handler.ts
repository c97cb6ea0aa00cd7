import { Injectable, Logger } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { BotChanged } from '../bots/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { BOTS_CHANNEL } from './delivery.queues.js';
import { FanOut } from './fan-out.service.js';

/** A paused bot stops within a slice and a resumed one goes on at once, in whatever process its lane is driven. */
@Injectable()
export class WakeLaneWhenBotChanges {
  private readonly logger = new Logger('WakeLaneWhenBotChanges');

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly fanOut: FanOut,
  ) {}

  @OnEvent(BotChanged.topic)
  async handle({ botNo }: BotChanged): Promise<void> {
    try {
      await this.database.query('SELECT pg_notify($1, $2)', [BOTS_CHANNEL, botNo]);
      await this.fanOut.wakeLanes([botNo]);
    } catch (error) {
      this.logger.warn(`the lane hears of it from the sweep: ${String(error)}`);
    }
  }
}
