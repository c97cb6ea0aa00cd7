import { badRequest } from '../wire/call.errors.js';
import { type WireMessage } from '../world/wire-objects.js';
import { announce, type MessageContent, postMessage, readFrame } from './post-message.js';
import { checkPresence, findSeat, openForSending, openPresent } from './chat-access.js';
import { describeMedia, type MediaKind, takeFile } from './media-content.js';
import { readCaption, readText } from './message-content.js';
import { arrayOf, type MethodCall, type MethodHandler, numberOf, stringOf } from './method-call.js';

function sendMessage(call: MethodCall): WireMessage {
  const { text, entities } = readText(call.parameters);
  const seat = openForSending(call);
  return postMessage(call, seat, entities.length > 0 ? { text, entities } : { text });
}

/** A handler for the methods that send one file, which is also the name of their parameter. */
function sendingMedia(kind: MediaKind): MethodHandler {
  return (call) => {
    const caption = kind === 'sticker' ? {} : readCaption(call.parameters);
    const seat = openForSending(call);
    readFrame(call, seat); // A wrong keyboard must not leave a file behind.
    const file = takeFile(call, kind, call.parameters[kind], kind);
    return postMessage(call, seat, {
      ...describeMedia(kind, file),
      ...caption,
      ...readManner(call, caption),
    });
  };
}

/** How the media is shown, as the message repeats it. */
function readManner(call: MethodCall, caption: object): MessageContent {
  const isAbove = call.parameters['show_caption_above_media'] === true && 'caption' in caption;
  return {
    ...(isAbove && { show_caption_above_media: true }),
    ...(call.parameters['has_spoiler'] === true && { has_media_spoiler: true }),
  };
}

// https://core.telegram.org/bots/api#forwardmessages
const mostAtOnce = 100;

// https://core.telegram.org/bots/api#sendmediagroup: these two don't mix with others.
const onlyAmongThemselves: ReadonlySet<string> = new Set(['document', 'audio']);
const groupKinds: ReadonlySet<string> = new Set(['photo', 'video', 'document', 'audio']);

function sendMediaGroup(call: MethodCall): WireMessage[] {
  const items = arrayOf(call, 'media').map(readMediaItem);
  if (items.length < 2 || items.length > 10) throw badRequest('media group must include 2-10 items');
  const kinds = new Set<string>(items.map((item) => item.kind));
  for (const kind of kinds) {
    if (!groupKinds.has(kind) || (onlyAmongThemselves.has(kind) && kinds.size > 1)) {
      throw badRequest(`${kind} can't be mixed with other media types`);
    }
  }
  const captions = items.map((item) => readCaption(item.fields));
  const seat = openForSending(call);
  readFrame(call, seat);
  const contents = items.map((item, index): MessageContent => {
    const file = takeFile(call, item.kind, item.fields['media'], 'media');
    return { ...describeMedia(item.kind, file), ...captions[index] };
  });
  const groupId = String(call.world.nowMs()) + String(seat.history.lastMessageId);
  return contents.map((content) => postMessage(call, seat, { media_group_id: groupId, ...content }));
}

/** One `InputMedia`. */
export function readMediaItem(item: unknown): { kind: MediaKind; fields: Record<string, unknown> } {
  if (typeof item !== 'object' || item === null)
    throw badRequest("can't parse InputMedia: expected an Object");
  const fields = item as Record<string, unknown>;
  const kind = fields['type'];
  if (
    kind === 'photo' ||
    kind === 'video' ||
    kind === 'animation' ||
    kind === 'audio' ||
    kind === 'document'
  ) {
    return { kind, fields };
  }
  throw badRequest("can't parse InputMedia: type must be one of photo, video, animation, audio, document");
}

function findSource(call: MethodCall, verb: 'copy' | 'forward', messageId: number | undefined): WireMessage {
  const seat = findSeat(call, 'from_chat_id');
  checkPresence(seat);
  const message = messageId === undefined ? undefined : seat.history.find(messageId);
  if (!message) throw badRequest(`message to ${verb} not found`);
  return message;
}

/** What is in a message, without the frame that belongs to its place. */
function readContent(message: WireMessage): MessageContent {
  const content: MessageContent = { ...message };
  for (const field of [
    'message_id',
    'date',
    'chat',
    'from',
    'sender_chat',
    'edit_date',
    'reply_markup',
    'reply_to_message',
    'media_group_id',
    'has_protected_content',
    'forward_origin',
  ]) {
    delete content[field];
  }
  return content;
}

function copyMessage(call: MethodCall): { message_id: number } {
  const source = findSource(call, 'copy', numberOf(call, 'message_id'));
  const content = readContent(source);
  if (stringOf(call, 'caption') !== undefined && source.text === undefined) {
    delete content['caption'];
    delete content['caption_entities'];
    Object.assign(content, readCaption(call.parameters));
  }
  const seat = openForSending(call);
  return { message_id: postMessage(call, seat, content).message_id };
}

function forwardMessage(call: MethodCall): WireMessage {
  const source = findSource(call, 'forward', numberOf(call, 'message_id'));
  if (source['has_protected_content'] === true) throw badRequest("message can't be forwarded");
  const seat = openForSending(call);
  return postMessage(call, seat, { ...readContent(source), forward_origin: describeOrigin(source) });
}

function describeOrigin({ sender_chat: chat, message_id, from, date }: WireMessage): Record<string, unknown> {
  return chat ? { type: 'channel', chat, message_id, date } : { type: 'user', sender_user: from, date };
}

/** Copies or forwards several; those that can't be found are skipped in silence, as at Telegram. */
function sendingSeveral(verb: 'copy' | 'forward'): MethodHandler {
  return (call) => {
    const ids = arrayOf(call, 'message_ids');
    if (ids.length === 0 || ids.length > mostAtOnce) {
      const problem = ids.length === 0 ? 'there are no messages' : 'too many messages';
      throw badRequest(`${problem} to ${verb}`);
    }
    const origin = findSeat(call, 'from_chat_id');
    checkPresence(origin);
    const sources = ids.flatMap((id) => (typeof id === 'number' ? (origin.history.find(id) ?? []) : []));
    if (sources.length === 0) throw badRequest(`there are no messages to ${verb}`);
    const seat = openForSending(call);
    return sources.map((source) => {
      const forwarded = verb === 'forward' ? { forward_origin: describeOrigin(source) } : {};
      const { message_id } = postMessage(call, seat, { ...readContent(source), ...forwarded });
      return { message_id };
    });
  };
}

const chatActions: ReadonlySet<string> = new Set([
  'typing',
  'upload_photo',
  'record_video',
  'upload_video',
  'record_voice',
  'upload_voice',
  'upload_document',
  'choose_sticker',
  'find_location',
  'record_video_note',
  'upload_video_note',
]);

function sendChatAction(call: MethodCall): true {
  const action = stringOf(call, 'action') ?? '';
  if (!chatActions.has(action)) throw badRequest('wrong parameter action in request');
  const seat = openPresent(call);
  announce(call, seat, 'chat_action', action);
  return true;
}

export const sendingMethods: Record<string, MethodHandler> = {
  sendMessage,
  sendPhoto: sendingMedia('photo'),
  sendDocument: sendingMedia('document'),
  sendVideo: sendingMedia('video'),
  sendAudio: sendingMedia('audio'),
  sendAnimation: sendingMedia('animation'),
  sendVoice: sendingMedia('voice'),
  sendSticker: sendingMedia('sticker'),
  sendVideoNote: sendingMedia('video_note'),
  sendMediaGroup,
  copyMessage,
  copyMessages: sendingSeveral('copy'),
  forwardMessage,
  forwardMessages: sendingSeveral('forward'),
  sendChatAction,
};
