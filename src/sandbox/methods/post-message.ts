import { badRequest } from '../wire/call.errors.js';
import { readReplyMarkup } from '../wire/reply-markup.rules.js';
import { type ChatSeat } from '../world/inhabitants.js';
import { type WireMessage } from '../world/wire-objects.js';
import { type MethodCall, numberOf, objectOf } from './method-call.js';

/** The fields of a message that say what is in it. */
export type MessageContent = Record<string, unknown>;

/**
 * Puts a bot's message into a chat; from here on it is delivered.
 * @throws CallRefusedError when its keyboard or what it replies to is wrong; then nothing was delivered
 */
export function postMessage(call: MethodCall, seat: ChatSeat, content: MessageContent): WireMessage {
  const { bot, world, parameters } = call;
  const frame = readFrame(call, seat);
  const message: WireMessage = {
    message_id: seat.history.nextMessageId(),
    ...(seat.chat.type === 'channel' ? { sender_chat: seat.chat } : { from: bot.user }),
    chat: seat.chat,
    date: world.nowSeconds(),
    ...content,
    ...frame,
  };
  if (parameters['protect_content'] === true) message['has_protected_content'] = true;
  bot.workspace.messages.put(seat.history, message);
  announce(call, seat, 'message', message);
  return message;
}

/** Tells whoever watches the workspace; costs nothing when nobody does. */
export function announce(
  { bot }: MethodCall,
  seat: ChatSeat,
  type: 'message' | 'edited_message' | 'deleted_message' | 'chat_action',
  payload: unknown,
): void {
  if (bot.workspace.watchers.size === 0) return;
  bot.workspace.announce({ type, botId: bot.id, chatId: seat.chat.id, payload });
}

/** What stands around any content: the message replied to, and an inline keyboard. */
export function readFrame(
  call: MethodCall,
  seat: ChatSeat,
): Pick<WireMessage, 'reply_to_message' | 'reply_markup'> {
  const { parameters } = call;
  if (parameters['message_thread_id'] !== undefined) throw badRequest('message thread not found');
  if (parameters['business_connection_id'] !== undefined) throw badRequest('business connection not found');
  const markup = parameters['reply_markup'];
  const keyboard = markup === undefined ? undefined : readReplyMarkup(markup, seat.chat.type === 'private');
  const replied = findReplied(call, seat);
  return {
    ...(replied ? { reply_to_message: replied } : {}),
    ...(keyboard ? { reply_markup: keyboard } : {}),
  };
}

function findReplied(call: MethodCall, seat: ChatSeat): WireMessage | undefined {
  const reply = objectOf(call, 'reply_parameters');
  const messageId = reply?.['message_id'] ?? numberOf(call, 'reply_to_message_id');
  if (messageId === undefined) return undefined;
  const found = typeof messageId === 'number' ? seat.history.find(messageId) : undefined;
  const mayMiss =
    reply?.['allow_sending_without_reply'] === true ||
    call.parameters['allow_sending_without_reply'] === true;
  if (!found && !mayMiss) throw badRequest('message to be replied not found');
  if (!found) return undefined;
  const { reply_to_message: _nested, ...flat } = found;
  return flat;
}
