import { badRequest } from '../wire/call.errors.js';
import { readReplyMarkup } from '../wire/reply-markup.rules.js';
import { type ChatSeat, GroupSeat } from '../world/inhabitants.js';
import { type WireMessage } from '../world/wire-objects.js';
import { openPresent } from './chat-access.js';
import { describeMedia, mediaKinds, takeFile } from './media-content.js';
import { readCaption, readText } from './message-content.js';
import { arrayOf, type MethodCall, type MethodHandler, numberOf, objectOf } from './method-call.js';
import { announce } from './post-message.js';
import { readMediaItem } from './sending-methods.js';

// https://core.telegram.org/bots/api#deletemessage
const deletableSeconds = 48 * 60 * 60;
const mostDeletedAtOnce = 100;

function findOwn(call: MethodCall): { seat: ChatSeat; message: WireMessage } {
  if (call.parameters['inline_message_id'] !== undefined) throw badRequest('MESSAGE_ID_INVALID');
  if (call.parameters['chat_id'] === undefined) throw badRequest('chat_id is empty');
  const messageId = numberOf(call, 'message_id');
  if (messageId === undefined) throw badRequest('message identifier is not specified');
  const seat = openPresent(call);
  const message = seat.history.find(messageId);
  if (!message) throw badRequest('message to edit not found');
  if (!isOwn(call, message)) throw badRequest("message can't be edited");
  return { seat, message };
}

function isOwn({ bot }: MethodCall, message: WireMessage): boolean {
  return message.from?.id === bot.id || message.sender_chat !== undefined;
}

/** Exchanges fields of a message; its keyboard goes unless the call brings one, as at Telegram. */
function change(call: MethodCall, drop: readonly string[], content: Record<string, unknown>): WireMessage {
  const { seat, message } = findOwn(call);
  const { reply_markup: _old, ...rest } = message;
  const changed: WireMessage = { ...rest };
  for (const field of drop) delete changed[field];
  Object.assign(changed, content);
  const markup = call.parameters['reply_markup'];
  const keyboard = markup === undefined ? undefined : readReplyMarkup(markup, seat.chat.type === 'private');
  if (keyboard && keyboard.inline_keyboard.length > 0) changed.reply_markup = keyboard;
  if (isSame(message, changed)) {
    throw badRequest(
      'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
    );
  }
  changed.edit_date = call.world.nowSeconds();
  call.bot.workspace.messages.put(seat.history, changed);
  announce(call, seat, 'edited_message', changed);
  return changed;
}

function isSame(before: WireMessage, after: WireMessage): boolean {
  const comparable = ({ edit_date: _date, ...message }: WireMessage): string =>
    JSON.stringify(Object.entries(message).sort(([a], [b]) => (a < b ? -1 : 1)));
  return comparable(before) === comparable(after);
}

function editMessageText(call: MethodCall): WireMessage {
  if (call.parameters['text'] === undefined) throw badRequest('message text is empty');
  const { message } = findOwn(call);
  if (message.text === undefined) throw badRequest('there is no text in the message to edit');
  const { text, entities } = readText(call.parameters);
  return change(call, ['text', 'entities'], entities.length > 0 ? { text, entities } : { text });
}

function editMessageCaption(call: MethodCall): WireMessage {
  const { message } = findOwn(call);
  if (message.text !== undefined) throw badRequest('there is no caption in the message to edit');
  return change(call, ['caption', 'caption_entities'], readCaption(call.parameters));
}

function editMessageMedia(call: MethodCall): WireMessage {
  const { message } = findOwn(call);
  if (message.text !== undefined) throw badRequest('there is no media in the message to edit');
  const { kind, fields } = readMediaItem(objectOf(call, 'media'));
  const caption = readCaption(fields);
  const file = takeFile(call, kind, fields['media'], 'media');
  return change(call, [...mediaKinds, 'caption', 'caption_entities'], {
    ...describeMedia(kind, file),
    ...caption,
  });
}

const editMessageReplyMarkup = (call: MethodCall): WireMessage => change(call, [], {});

function deleteMessage(call: MethodCall): true {
  const seat = openPresent(call);
  const message = seat.history.find(numberOf(call, 'message_id') ?? 0);
  if (!message) throw badRequest('message to delete not found');
  checkDeletable(call, seat, message);
  remove(call, seat, message);
  return true;
}

/** Deletes those that can be deleted; the others are skipped in silence, as at Telegram. */
function deleteMessages(call: MethodCall): true {
  const ids = arrayOf(call, 'message_ids');
  if (ids.length === 0 || ids.length > mostDeletedAtOnce) {
    throw badRequest(
      ids.length === 0 ? 'message identifiers are not specified' : 'too many message identifiers specified',
    );
  }
  const seat = openPresent(call);
  for (const id of ids) {
    const message = typeof id === 'number' ? seat.history.find(id) : undefined;
    if (message && isDeletable(call, seat, message)) remove(call, seat, message);
  }
  return true;
}

function isDeletable(call: MethodCall, seat: ChatSeat, message: WireMessage): boolean {
  const isAdministrator = seat instanceof GroupSeat && seat.status === 'administrator';
  if (isAdministrator) return true;
  const isYoung = call.world.nowSeconds() - message.date < deletableSeconds;
  return isYoung && (isOwn(call, message) || seat.chat.type === 'private');
}

function checkDeletable(call: MethodCall, seat: ChatSeat, message: WireMessage): void {
  if (isDeletable(call, seat, message)) return;
  const isForeign = !isOwn(call, message) && seat.chat.type !== 'private';
  throw badRequest(isForeign ? "message can't be deleted" : "message can't be deleted for everyone");
}

function remove(call: MethodCall, seat: ChatSeat, message: WireMessage): void {
  seat.history.remove(message.message_id);
  announce(call, seat, 'deleted_message', { message_id: message.message_id });
}

function openForPinning(call: MethodCall): ChatSeat {
  const seat = openPresent(call);
  if (seat instanceof GroupSeat && seat.status !== 'administrator') {
    throw badRequest('not enough rights to manage pinned messages in the chat');
  }
  return seat;
}

function pinChatMessage(call: MethodCall): true {
  const seat = openForPinning(call);
  const messageId = numberOf(call, 'message_id') ?? 0;
  if (!seat.history.find(messageId)) throw badRequest('message to pin not found');
  seat.history.unpin(messageId);
  seat.history.pinnedIds.push(messageId);
  return true;
}

function unpinChatMessage(call: MethodCall): true {
  const seat = openForPinning(call);
  const messageId = numberOf(call, 'message_id') ?? seat.history.pinnedIds.at(-1);
  if (messageId === undefined || !seat.history.unpin(messageId))
    throw badRequest('message to unpin not found');
  return true;
}

function unpinAllChatMessages(call: MethodCall): true {
  openForPinning(call).history.pinnedIds.length = 0;
  return true;
}

export const editingMethods: Record<string, MethodHandler> = {
  editMessageText,
  editMessageCaption,
  editMessageMedia,
  editMessageReplyMarkup,
  deleteMessage,
  deleteMessages,
  pinChatMessage,
  unpinChatMessage,
  unpinAllChatMessages,
};
