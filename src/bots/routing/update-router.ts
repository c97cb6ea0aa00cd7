import { Injectable } from '@nestjs/common';
import { InjectBot } from 'nestjs-telegraf';
import { Telegraf } from 'telegraf';
import { type EntityManager } from 'typeorm';
import { type ConnectedBot } from '../directory/connected-bot.js';
import { type Answer } from './answer-sink.js';
import { BotContext, type DirectCall } from './bot.context.js';

/**
 * The one router of all tenants' bots. Handlers are registered once, on a template bot that is never launched; a bot
 * costs its data and no Telegraf instance (40 KiB each).
 */
@Injectable()
export class UpdateRouter {
  constructor(@InjectBot() private readonly template: Telegraf<BotContext>) {
    // nestjs-telegraf stops its bots on shutdown, and Telegraf throws for one that never ran.
    template.stop = () => undefined;
  }

  /**
   * Passes an update through the handlers, in the unit of work that settles it.
   * @returns what they said, in order; throws what they threw
   */
  async route(
    bot: ConnectedBot,
    manager: EntityManager,
    update: object,
  ): Promise<{ answers: readonly Answer[]; calls: readonly DirectCall[] }> {
    const context = new BotContext(update, bot, manager);
    await this.template.middleware()(context, () => Promise.resolve());
    return context;
  }
}
