import { Injectable, Logger } from '@nestjs/common';
import { BotApiClient, type BotApiOutcome } from '../../telegram/index.js';
import { type ConnectedBot } from '../directory/connected-bot.js';
import { BotRest } from './bot-rest.js';
import { BotVerdicts } from './bot-verdicts.js';

/**
 * Calls of a bot that are no deliveries: registering a webhook, answering a press on a button. Each may be made twice
 * without harm; whatever may not goes through a lane.
 */
@Injectable()
export class BotCaller {
  private readonly logger = new Logger(BotCaller.name);

  constructor(
    private readonly client: BotApiClient,
    private readonly rest: BotRest,
    private readonly verdicts: BotVerdicts,
  ) {}

  /** Makes the call once, unless the bot rests: then the outcome is `rateLimited` and nothing was sent. */
  async call<Result = unknown>(
    bot: ConnectedBot,
    method: string,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<BotApiOutcome<Result>> {
    const remainingMs = await this.rest.remainingMs(bot.botNo);
    if (remainingMs > 0) return { kind: 'rateLimited', retryAfterSeconds: Math.ceil(remainingMs / 1000) };
    const { apiRoot, token } = bot;
    const outcome = await this.client.call<Result>({ apiRoot, token, method, parameters });
    if (outcome.kind === 'tokenRejected') await this.verdicts.rejectToken(bot);
    if (outcome.kind === 'rateLimited') await this.rest.begin(bot.botNo, outcome.retryAfterSeconds);
    return outcome;
  }

  /** For calls whose loss nobody notices: what went wrong is logged. */
  callSoon(bot: ConnectedBot, method: string, parameters: Readonly<Record<string, unknown>>): void {
    this.call(bot, method, parameters).then(
      (outcome) => {
        if (outcome.kind !== 'ok') this.logger.debug(`bot ${bot.botId}: ${method} came to ${outcome.kind}`);
      },
      (error: unknown) => this.logger.warn(`bot ${bot.botId}: ${method} was not made: ${String(error)}`),
    );
  }
}
