import { Context, Telegram } from 'telegraf';
import { type Message, type Update, type UserFromGetMe } from 'telegraf/types';
import { type EntityManager } from 'typeorm';
import { type ConnectedBot } from '../directory/connected-bot.js';
import { type Answer } from './answer-sink.js';

/** A call that may be made at once and twice: it changes what is shown and sends nothing new. */
export interface DirectCall {
  readonly method: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const DIRECT_METHODS: ReadonlySet<string> = new Set([
  'answerCallbackQuery',
  'editMessageText',
  'editMessageCaption',
  'editMessageReplyMarkup',
  'sendChatAction',
]);

/**
 * What handlers know as `ctx.telegram`. It holds no token and opens no connection: calls that may be repeated are
 * collected and made once the update is committed, everything else is refused with a word on what to do.
 */
class CollectingTelegram extends Telegram {
  constructor(private readonly calls: DirectCall[]) {
    super('');
  }

  override callApi(method: string, payload: object): Promise<never> {
    if (!DIRECT_METHODS.has(method)) {
      const error = new Error(`A handler doesn't call ${method}: say it with ctx.say or ctx.answer.`);
      return Promise.reject(error);
    }
    this.calls.push({ method, parameters: { ...payload } });
    // All of these answer `true` where the message isn't the bot's own, and no handler reads the answer.
    return Promise.resolve(true as never);
  }
}

/** Telegraf's context of one update of one tenant's bot. What is said here goes out as a delivery, not at once. */
export class BotContext extends Context {
  readonly answers: Answer[] = [];
  readonly calls: DirectCall[];

  /** @param manager the unit of work of this update; what handlers write is committed with it */
  constructor(
    update: object,
    readonly bot: ConnectedBot,
    readonly manager: EntityManager,
  ) {
    const calls: DirectCall[] = [];
    super(update as Update, new CollectingTelegram(calls), identityOf(bot));
    this.calls = calls;
  }

  /** Answers with any method of the Bot API, in the chat that its parameters name. */
  answer(answer: { readonly method: string; readonly parameters: Readonly<Record<string, unknown>> }): void {
    const chatId = answer.parameters['chat_id'];
    if (typeof chatId !== 'number')
      throw new Error('An answer names its chat: parameters.chat_id, a number.');
    this.answers.push({ ...answer, chatId, n: this.answers.length });
  }

  /** Answers with a text, in the chat (and topic) where the update came from. */
  say(text: string, extra: Readonly<Record<string, unknown>> = {}): void {
    if (!this.chat) throw new Error('This update comes from no chat, so nothing can be said in it.');
    const { message } = this;
    const topic =
      message && 'is_topic_message' in message && message.is_topic_message
        ? { message_thread_id: message.message_thread_id }
        : {};
    this.answer({ method: 'sendMessage', parameters: { chat_id: this.chat.id, text, ...topic, ...extra } });
  }

  /** nestjs-telegraf replies with what a handler returns. Nobody may read the message: it isn't sent yet. */
  override reply(text: string | { readonly text: string }): Promise<Message.TextMessage> {
    this.say(typeof text === 'string' ? text : text.text);
    return Promise.resolve(undefined as never);
  }
}

function identityOf(bot: ConnectedBot): UserFromGetMe {
  return {
    id: bot.telegramId,
    is_bot: true,
    first_name: bot.firstName,
    username: bot.username ?? '',
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: false,
  };
}
