import { Command, Ctx, Next, On, Update } from 'nestjs-telegraf';
import { AudienceService, findTimeZone } from '../audience/index.js';
import { BotContext } from '../bots/index.js';
import { Tenant } from '../tenants/index.js';
import { isForThisBot, languageOf, readArgument, textsIn } from './people-language.rules.js';
import { type PeopleTexts } from './texts/people-texts.js';

type NextHandler = () => Promise<void>;

/** The commands that every bot answers. /start and /stop are a person's own, so groups have none. */
@Update()
export class PeopleUpdate {
  constructor(private readonly audience: AudienceService) {}

  @Command('start')
  async handleStart(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    if (context.chat?.type !== 'private') return next();
    const { bot, manager, chat } = context;
    const hadStopped = await this.audience.hasStopped(manager, bot.botNo, chat.id);
    await this.audience.recordStart(manager, bot.botNo, chat.id);
    const { texts } = await this.speak(context);
    const greeting = texts.greeting({ person: context.from?.first_name ?? '', bot: bot.firstName });
    context.say(hadStopped ? texts.welcomeBack : greeting);
  }

  @Command('stop')
  async handleStop(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    if (context.chat?.type !== 'private') return next();
    await this.audience.recordStop(context.manager, context.bot.botNo, context.chat.id);
    const { texts } = await this.speak(context);
    context.say(texts.stopped);
  }

  /** Telegram tells no time zone, so people say it themselves. */
  @Command('timezone')
  async handleTimeZone(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    if (context.chat?.type !== 'private') return next();
    const { bot, manager, chat } = context;
    const timeZone = findTimeZone(readArgument(context.text ?? ''));
    const { texts } = await this.speak(context);
    if (timeZone === null) return context.say(texts.timeZoneAsked);
    await this.audience.recordTimeZone(manager, bot.botNo, chat.id, timeZone);
    context.say(texts.timeZoneTaken(timeZone));
  }

  @Command('help')
  async handleHelp(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    if (!isForThisBot(context.chat?.type ?? '', context.text ?? '')) return next();
    const { texts, workspace } = await this.speak(context);
    context.say(texts.help({ bot: context.bot.firstName, workspace }));
  }

  @Command('privacy')
  async handlePrivacy(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    if (!isForThisBot(context.chat?.type ?? '', context.text ?? '')) return next();
    const { texts, workspace } = await this.speak(context);
    const person = context.from?.id ?? 0;
    context.say(texts.privacy({ bot: context.bot.firstName, workspace, person }));
  }

  /** Without an answer, Telegram shows a waiting sign on the button for a minute. */
  @On('callback_query')
  async handlePress(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    await context.answerCbQuery();
    return next();
  }

  private async speak(context: BotContext): Promise<{ texts: PeopleTexts; workspace: string }> {
    const tenant = await context.manager.findOneByOrFail(Tenant, { id: context.bot.tenantId });
    const texts = textsIn(languageOf(context.from?.language_code, tenant.language));
    return { texts, workspace: tenant.name };
  }
}
