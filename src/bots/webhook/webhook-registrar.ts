import { Injectable, Logger } from '@nestjs/common';
import { type BotApiOutcome } from '../../telegram/index.js';
import { BotCaller } from '../calls/bot-caller.js';
import { type ConnectedBot } from '../directory/connected-bot.js';
import { ALLOWED_UPDATES } from '../inbox/update.rules.js';
import { WebhookSecret } from './webhook-secret.js';
import { webhookUrlOf } from './webhook.rules.js';

/** Telegram opens no more connections than these for one bot; updates beyond wait on its side. */
const CONNECTIONS_PER_BOT = 20;

/** Tells Telegram where a bot's updates go. What Telegram keeps back meanwhile is never dropped. */
@Injectable()
export class WebhookRegistrar {
  private readonly logger = new Logger(WebhookRegistrar.name);

  constructor(
    private readonly caller: BotCaller,
    private readonly secret: WebhookSecret,
  ) {}

  register(bot: ConnectedBot, publicUrl: string, webhookPath: string): Promise<BotApiOutcome> {
    return this.caller.call(bot, 'setWebhook', {
      url: webhookUrlOf(publicUrl, webhookPath),
      secret_token: this.secret.of(webhookPath),
      allowed_updates: ALLOWED_UPDATES,
      max_connections: CONNECTIONS_PER_BOT,
    });
  }

  unregister(bot: ConnectedBot): Promise<BotApiOutcome> {
    return this.caller.call(bot, 'deleteWebhook', {});
  }

  /** For a bot that leaves: Telegram should stop posting, and where it can't be told, its posts are answered 404. */
  async withdraw(bot: ConnectedBot): Promise<void> {
    const outcome = await this.unregister(bot);
    if (outcome.kind !== 'ok')
      this.logger.warn(`bot ${bot.botId}: its webhook stays at Telegram (${outcome.kind})`);
  }
}
