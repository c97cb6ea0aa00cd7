import { type EntityManager } from 'typeorm';
import { type ConnectedBot } from '../directory/connected-bot.js';

/** What a handler said: one call that will be made as a delivery of class `reply`. */
export interface Answer {
  /** Place among the answers to this update, from 0; (bot, update, n) is answered once. */
  readonly n: number;
  /** Telegram's own id of the chat. */
  readonly chatId: number;
  /** Method of the Bot API, such as `sendMessage`. */
  readonly method: string;
  /** All of its parameters, `chat_id` included. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/**
 * Takes what handlers said, in the transaction that settles the update: both are there or neither. The room
 * `delivery` provides it and sends the answers ahead of broadcasts.
 */
export abstract class AnswerSink {
  /** @param manager carries the bot's tenant */
  abstract enqueue(
    manager: EntityManager,
    bot: ConnectedBot,
    updateId: string,
    answers: readonly Answer[],
  ): Promise<void>;
}
