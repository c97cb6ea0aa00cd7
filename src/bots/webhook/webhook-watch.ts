import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeater } from '../../platform/clock/index.js';
import { BotCaller } from '../calls/bot-caller.js';
import { BotVerdicts } from '../calls/bot-verdicts.js';
import { BotDirectory } from '../directory/bot-directory.js';
import { isSending } from '../registration/bot-state.rules.js';
import { WebhookRegistrar } from './webhook-registrar.js';
import { type WebhookCheck, WebhookWatchRepository } from './webhook-watch.repository.js';
import { judgeWebhook, registrationOf, type WebhookTerms } from './webhook.rules.js';

/** Eight every second: of more than 4,800 bots, each has its turn a little less often than every ten minutes. */
const LOOK_EVERY_MS = 1_000;
const CHECKS_AT_ONCE = 8;

const CONFLICT_REASONS = {
  replaced:
    'Another program has set its own webhook with the same token. It is taken back whenever that is noticed; stop the program, or revoke the token at @BotFather.',
  removed:
    'Another program has removed the webhook with the same token, maybe to fetch updates itself. It is set again whenever that is noticed; stop the program, or revoke the token at @BotFather.',
} as const;

/** Telegram tells nobody that a webhook was taken over or removed: a bot would just fall silent. So it is asked, slowly. */
@Injectable()
export class WebhookWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(WebhookWatch.name);
  private readonly looking = new Repeater(LOOK_EVERY_MS, () => this.look(), this.logger);

  constructor(
    private readonly repository: WebhookWatchRepository,
    private readonly registrar: WebhookRegistrar,
    private readonly directory: BotDirectory,
    private readonly caller: BotCaller,
    private readonly verdicts: BotVerdicts,
  ) {}

  onApplicationBootstrap(): void {
    if (this.registrar.terms) this.looking.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.looking.stop();
  }

  private async look(): Promise<void> {
    const { terms } = this.registrar;
    if (!terms) return;
    const checks = await this.repository.claim(terms, CHECKS_AT_ONCE);
    await Promise.all(checks.map((check) => this.check(check, terms)));
  }

  private async check({ botNo, webhookPath }: WebhookCheck, terms: WebhookTerms): Promise<void> {
    const bot = await this.directory.findByNumber(botNo);
    if (!bot || !isSending(bot.state)) return;
    const outcome = await this.caller.call<{ url?: string }>(bot, 'getWebhookInfo', {});
    if (outcome.kind !== 'ok') return;
    const found = judgeWebhook(outcome.result.url ?? '', webhookPath);
    if (found === 'ours') {
      if (bot.state === 'conflict') await this.verdicts.noteHealed(bot);
      return;
    }
    this.logger.warn(`bot ${bot.botId}: its webhook was ${found} by somebody else`);
    await this.verdicts.noteConflict(bot, CONFLICT_REASONS[found]);
    await this.repository.forgetRegistration(botNo, registrationOf(terms, webhookPath));
  }
}
