import { type RenderedMessage } from '../messages/index.js';

interface ChangeCall {
  readonly method: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What of a message each method exchanges; how it once arrived is not for changing. */
const EXCHANGED = {
  editMessageText: ['text', 'parse_mode', 'link_preview_options', 'reply_markup'],
  editMessageCaption: ['caption', 'parse_mode', 'show_caption_above_media', 'reply_markup'],
  editMessageReplyMarkup: ['reply_markup'],
} as const;
const WITHOUT_CAPTION: readonly string[] = ['sendSticker', 'sendVideoNote'];

/** The call that gives a message that was sent the content of another. */
export function callToEdit({ method, parameters }: RenderedMessage, messageId: number): ChangeCall {
  const edit = editOf(method);
  const exchanged = EXCHANGED[edit].flatMap((name) =>
    parameters[name] === undefined ? [] : [[name, parameters[name]] as const],
  );
  return {
    method: edit,
    parameters: { chat_id: parameters['chat_id'], message_id: messageId, ...Object.fromEntries(exchanged) },
  };
}

export const callToRecall = (telegramChatId: number, messageId: number): ChangeCall => ({
  method: 'deleteMessage',
  parameters: { chat_id: telegramChatId, message_id: messageId },
});

/** @param notifies whether a group's members hear of it; nobody hears of it in channels and private chats */
export const callToPin = (telegramChatId: number, messageId: number, notifies: boolean): ChangeCall => ({
  method: 'pinChatMessage',
  parameters: { chat_id: telegramChatId, message_id: messageId, disable_notification: !notifies },
});

function editOf(method: string): keyof typeof EXCHANGED {
  if (method === 'sendMessage') return 'editMessageText';
  return WITHOUT_CAPTION.includes(method) ? 'editMessageReplyMarkup' : 'editMessageCaption';
}
