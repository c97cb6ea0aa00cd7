import { badRequest } from './call.errors.js';

export interface InlineKeyboardButton {
  text: string;
  [action: string]: unknown;
}

export interface InlineKeyboardMarkup {
  inline_keyboard: InlineKeyboardButton[][];
}

// https://core.telegram.org/bots/api#inlinekeyboardbutton: exactly one of these says what a press does.
const inlineActions = [
  'url',
  'callback_data',
  'web_app',
  'login_url',
  'switch_inline_query',
  'switch_inline_query_current_chat',
  'switch_inline_query_chosen_chat',
  'copy_text',
  'callback_game',
  'pay',
];
const callbackDataBytes = 64;
// Telegram promises no figure; 100 buttons or 10 KB is where it answers "reply markup is too long".
const mostButtons = 100;
const mostMarkupCharacters = 10_240;
const urlShape = /^(?:(?:https?|tg|ton):\/\/\S+|tel:\+?\d+|[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?)$/i;

/**
 * Checks a `reply_markup`; gives the inline keyboard that the message will carry, if it is one.
 * @throws CallRefusedError in Telegram's words
 */
export function readReplyMarkup(markup: unknown, isPrivateChat: boolean): InlineKeyboardMarkup | undefined {
  if (typeof markup !== 'object' || markup === null) throw badRequest('object expected as reply markup');
  const fields = markup as Record<string, unknown>;
  if ('inline_keyboard' in fields) {
    return { inline_keyboard: readRows(fields['inline_keyboard'], isPrivateChat) };
  }
  if ('keyboard' in fields) {
    checkKeyboard(fields['keyboard']);
  }
  return undefined;
}

function readRows(rows: unknown, isPrivateChat: boolean): InlineKeyboardButton[][] {
  if (!Array.isArray(rows))
    throw badRequest('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array');
  let count = 0;
  const keyboard = rows.map((row: unknown) => {
    if (!Array.isArray(row)) {
      throw badRequest("can't parse inline keyboard: each row must be an Array of InlineKeyboardButton");
    }
    count += row.length;
    return row.map((button: unknown) => readButton(button, isPrivateChat));
  });
  if (count > mostButtons || JSON.stringify(keyboard).length > mostMarkupCharacters) {
    throw badRequest('reply markup is too long');
  }
  return keyboard.filter((row) => row.length > 0);
}

function readButton(button: unknown, isPrivateChat: boolean): InlineKeyboardButton {
  if (typeof button !== 'object' || button === null) {
    throw badRequest("can't parse inline keyboard button: InlineKeyboardButton must be an Object");
  }
  const fields = button as Record<string, unknown>;
  const text = fields['text'];
  if (typeof text !== 'string' || text.trim() === '') {
    throw badRequest('can\'t parse inline keyboard button: field "text" must be a non-empty String');
  }
  const actions = inlineActions.filter((action) => fields[action] !== undefined);
  if (actions.length === 0) {
    throw badRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard");
  }
  if (actions.length > 1) throw badRequest('BUTTON_TYPE_INVALID');
  checkAction(fields, isPrivateChat);
  return { ...fields, text };
}

function checkAction(button: Record<string, unknown>, isPrivateChat: boolean): void {
  const { callback_data: data, url, web_app: webApp } = button;
  if (data !== undefined) {
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : 0;
    if (bytes < 1 || bytes > callbackDataBytes) throw badRequest('BUTTON_DATA_INVALID');
  }
  if (url !== undefined) checkUrl(url);
  if (webApp !== undefined && !isPrivateChat) throw badRequest('BUTTON_TYPE_INVALID');
}

function checkUrl(url: unknown): void {
  if (typeof url !== 'string' || url === '' || url.length > 2048) throw badRequest('BUTTON_URL_INVALID');
  if (!urlShape.test(url)) {
    throw badRequest(`inline keyboard button URL '${url.slice(0, 256)}' is invalid: Wrong HTTP URL`);
  }
}

function checkKeyboard(rows: unknown): void {
  const isShaped =
    Array.isArray(rows) &&
    rows.every(
      (row) =>
        Array.isArray(row) &&
        row.every(
          (button: unknown) => typeof button === 'string' || (typeof button === 'object' && button !== null),
        ),
    );
  if (!isShaped) throw badRequest("can't parse keyboard: each row must be an Array of KeyboardButton");
}
