import { randomBytes } from 'node:crypto';

import { findTypedEntities } from '../wire/entities.rules.js';
import { ActionRefusedError } from './action.errors.js';
import { type Bot, type ChatSeat, type Person, type PrivateChat } from './inhabitants.js';
import { changePrivateState } from './membership.js';
import { type WireMessage } from './wire-objects.js';
import { type World } from './world.js';

/** A message that a person wrote, as it stands in the chat; not delivered to any bot yet. */
export function composeTyped(
  world: World,
  seat: Pick<ChatSeat, 'chat' | 'history'>,
  person: Person,
  text: string,
): WireMessage {
  const entities = findTypedEntities(text);
  const message: WireMessage = {
    message_id: seat.history.nextMessageId(),
    ...(seat.chat.type === 'channel' ? { sender_chat: seat.chat } : { from: person.user }),
    chat: seat.chat,
    date: world.nowSeconds(),
    text,
    ...(entities.length > 0 ? { entities } : {}),
  };
  person.workspace.messages.put(seat.history, message);
  return message;
}

function write(world: World, chat: PrivateChat, text: string): WireMessage {
  const message = composeTyped(world, chat, chat.person, text);
  world.pushUpdate(chat.bot, 'message', message, chat.chat.id);
  chat.person.workspace.announce({
    type: 'message',
    botId: chat.bot.id,
    chatId: chat.chat.id,
    payload: message,
  });
  return message;
}

function checkAlive(person: Person): void {
  if (person.isDeactivated)
    throw new ActionRefusedError('This account is deactivated; create another person.');
}

/** Presses Start, or Restart after a block; a deep link brings a payload along. */
export function pressStart(world: World, bot: Bot, person: Person, payload?: string): WireMessage {
  checkAlive(person);
  const chat = world.privateChat(bot, person);
  changePrivateState(world, chat, 'started');
  return write(world, chat, payload === undefined ? '/start' : `/start ${payload}`);
}

export function writeToBot(world: World, bot: Bot, person: Person, text: string): WireMessage {
  checkAlive(person);
  const chat = world.privateChat(bot, person);
  if (chat.state === 'unstarted') throw new ActionRefusedError('Press Start before writing to this bot.');
  if (chat.state === 'blocked') throw new ActionRefusedError('Unblock this bot before writing to it.');
  return write(world, chat, text);
}

export function blockBot(world: World, bot: Bot, person: Person): void {
  checkAlive(person);
  changePrivateState(world, world.privateChat(bot, person), 'blocked');
}

export function unblockBot(world: World, bot: Bot, person: Person): void {
  checkAlive(person);
  const chat = world.privateChat(bot, person);
  if (chat.state === 'blocked') changePrivateState(world, chat, 'started');
}

export function deactivate(world: World, person: Person): void {
  person.isDeactivated = true;
  world.onChanged(person.workspace);
}

/**
 * Presses an inline button that stands under a message. Gives the id under which the bot's answer can be looked up.
 * @throws ActionRefusedError when there is no such button
 */
export function pressButton(
  world: World,
  seat: ChatSeat & { bot: Bot },
  person: Person,
  press: { messageId: number; callbackData: string },
): string {
  checkAlive(person);
  const message = seat.history.find(press.messageId);
  const buttons = message?.reply_markup?.inline_keyboard.flat() ?? [];
  if (!message || !buttons.some((button) => button['callback_data'] === press.callbackData)) {
    throw new ActionRefusedError('No button with this callback data stands under that message.');
  }
  const id = BigInt(`0x${randomBytes(8).toString('hex')}`).toString();
  const query = {
    id,
    from: person.user,
    message,
    chat_instance: String(seat.chat.id),
    data: press.callbackData,
  };
  seat.bot.callbackQueries.add({ id, personId: person.id, pressedAtMs: world.nowMs() });
  world.pushUpdate(seat.bot, 'callback_query', query, seat.chat.id);
  return id;
}
