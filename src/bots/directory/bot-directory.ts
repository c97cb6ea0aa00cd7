import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { LoadingCache } from '../../platform/cache/index.js';
import { Clock } from '../../platform/clock/index.js';
import { type BotId, type BotNumber } from '../../platform/identity/index.js';
import { BotChanged } from '../registration/bots.events.js';
import { BotConnections } from './bot-connections.repository.js';
import { type ConnectedBot } from './connected-bot.js';

/** A pause or a new token made in another process is seen 5 s late at most. */
const CACHE_BOUNDS = { maxAgeMs: 5_000, capacity: 10_000 };

/**
 * Every tenant's bots with their tokens in clear, for those who call Telegram: lanes, pollers, the inbox. Crosses
 * tenants, so nothing that answers a person may use it.
 */
@Injectable()
export class BotDirectory {
  private readonly bots: LoadingCache<BotNumber, ConnectedBot | undefined>;
  private readonly numbers: LoadingCache<BotId, BotNumber | undefined>;

  constructor(connections: BotConnections, clock: Clock) {
    this.bots = new LoadingCache(clock, CACHE_BOUNDS, (botNo) => connections.find(botNo));
    this.numbers = new LoadingCache(clock, CACHE_BOUNDS, (botId) => connections.findNumber(botId));
  }

  /** The bot of that number in whatever state, or undefined where there never was one. At most 5 s old. */
  findByNumber(botNo: BotNumber): Promise<ConnectedBot | undefined> {
    return this.bots.get(botNo);
  }

  /** @see findByNumber */
  async findById(botId: BotId): Promise<ConnectedBot | undefined> {
    const botNo = await this.numbers.get(botId);
    return botNo === undefined ? undefined : this.findByNumber(botNo);
  }

  /** The next look at the bot goes to the database. */
  forget(botNo: BotNumber): void {
    this.bots.forget(botNo);
  }

  @OnEvent(BotChanged.topic)
  handleBotChanged(event: BotChanged): void {
    this.forget(event.botNo);
  }
}
