import { Injectable, Logger } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { type TenantId } from '../../platform/identity/index.js';
import { BotConnections } from '../directory/bot-connections.repository.js';
import { WebhookRegistrar } from '../webhook/webhook-registrar.js';
import { BotChanged } from './bots.events.js';

/** All bots of a tenant that leaves for good: Telegram is told, and the tokens are gone. */
@Injectable()
export class BotDepartures {
  private readonly logger = new Logger(BotDepartures.name);

  constructor(
    private readonly connections: BotConnections,
    private readonly registrar: WebhookRegistrar,
    private readonly events: EventEmitter2,
  ) {}

  /** Safe to repeat. A bot that Telegram can't be told about leaves all the same. */
  async disconnectAll(tenantId: TenantId): Promise<void> {
    for (const botNo of await this.connections.findNumbersOf(tenantId)) {
      try {
        const bot = await this.connections.find(botNo);
        if (this.registrar.terms && bot) await this.registrar.withdraw(bot);
      } catch (error) {
        this.logger.warn(`bot number ${botNo}: its webhook stays at Telegram (${String(error)})`);
      }
      const botId = await this.connections.disconnect(botNo);
      if (botId) this.events.emit(BotChanged.topic, new BotChanged(tenantId, botId, botNo, 'disconnected'));
    }
  }
}
