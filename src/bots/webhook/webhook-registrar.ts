import { Injectable, Logger } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { type BotApiOutcome } from '../../telegram/index.js';
import { BotCaller } from '../calls/bot-caller.js';
import { type ConnectedBot } from '../directory/connected-bot.js';
import { ALLOWED_UPDATES } from '../inbox/update.rules.js';
import { WebhookSecret } from './webhook-secret.js';
import { type WebhookTerms, webhookUrlOf } from './webhook.rules.js';

const REGISTRATION = {
  allowed_updates: ALLOWED_UPDATES,
  /** Telegram opens no more connections than these for one bot; updates beyond wait on its side. */
  max_connections: 20,
} as const;

/** Tells Telegram where a bot's updates go. What Telegram keeps back meanwhile is never dropped. */
@Injectable()
export class WebhookRegistrar {
  private readonly logger = new Logger(WebhookRegistrar.name);

  /** Undefined where bots are polled. */
  readonly terms: WebhookTerms | undefined;

  constructor(
    private readonly caller: BotCaller,
    private readonly secret: WebhookSecret,
    { settings }: Configuration,
  ) {
    // Telegram keeps what it was told: a new key, or a version that wants other updates, must tell every bot's anew.
    const fingerprint = secret.fingerprintWith(JSON.stringify(REGISTRATION));
    this.terms =
      settings.PUBLIC_URL === undefined ? undefined : { publicUrl: settings.PUBLIC_URL, fingerprint };
  }

  register(bot: ConnectedBot, { publicUrl }: WebhookTerms, webhookPath: string): Promise<BotApiOutcome> {
    return this.caller.call(bot, 'setWebhook', {
      url: webhookUrlOf(publicUrl, webhookPath),
      secret_token: this.secret.of(webhookPath),
      ...REGISTRATION,
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
