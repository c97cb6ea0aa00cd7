import { Injectable, Logger } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { Outbox } from '../../webhooks/index.js';
import { BotConnections } from '../directory/bot-connections.repository.js';
import { type ConnectedBot } from '../directory/connected-bot.js';
import { type BotState } from '../registration/bot-state.rules.js';
import { BotChanged, BotTokenRejected } from '../registration/bots.events.js';

/** What Telegram's answers say about a bot as a whole, written where its tenant sees it. */
@Injectable()
export class BotVerdicts {
  private readonly logger = new Logger(BotVerdicts.name);

  constructor(
    private readonly connections: BotConnections,
    private readonly database: DispatcherDatabase,
    private readonly outbox: Outbox,
    private readonly events: EventEmitter2,
  ) {}

  /** Telegram rejects this token: the bot stops and keeps what waits. A newer token is not hit. */
  async rejectToken(
    bot: ConnectedBot,
    reason = 'Telegram rejects the token: it was revoked, or the bot was deleted.',
  ): Promise<void> {
    const hasChanged = await this.change(bot, ['running', 'paused', 'conflict'], 'token_rejected', reason);
    if (!hasChanged) return;
    this.logger.warn(`bot ${bot.botId}: Telegram rejects its token`);
    this.events.emit(BotTokenRejected.topic, new BotTokenRejected(bot.tenantId, bot.botId, bot.botNo));
  }

  /** Somebody else takes this bot's updates. */
  async noteConflict(bot: ConnectedBot, reason: string): Promise<void> {
    await this.change(bot, ['running'], 'conflict', reason);
  }

  /** Updates come again. */
  async noteHealed(bot: ConnectedBot): Promise<void> {
    await this.change(bot, ['conflict'], 'running', null);
  }

  private async change(
    bot: ConnectedBot,
    from: readonly BotState[],
    state: BotState,
    reason: string | null,
  ): Promise<boolean> {
    const hasChanged = await this.database.transaction(async (client) => {
      const { botNo, botId, tenantId, tokenFingerprint } = bot;
      if (!(await this.connections.setState(client, botNo, tokenFingerprint, from, state, reason)))
        return false;
      if (state !== 'running') {
        const data = { botId, state, reason };
        await this.outbox.announce(client, tenantId, { event: 'bot.stopped', data });
      }
      return true;
    });
    if (hasChanged) {
      this.events.emit(BotChanged.topic, new BotChanged(bot.tenantId, bot.botId, bot.botNo, state));
    }
    return hasChanged;
  }
}
