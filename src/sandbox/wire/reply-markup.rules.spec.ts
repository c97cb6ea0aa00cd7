import { readReplyMarkup } from './reply-markup.rules.js';

const keyboard = (button: unknown): unknown => ({ inline_keyboard: [[button]] });

describe('readReplyMarkup', () => {
  it('gives the inline keyboard that the message will carry', () => {
    const markup = keyboard({ text: 'Go', callback_data: 'ä'.repeat(32) });
    expect(readReplyMarkup(markup, false)).toEqual(markup);
  });

  it('lets other keyboards pass without a trace in the message', () => {
    expect(readReplyMarkup({ keyboard: [['Yes', { text: 'No' }]] }, true)).toBeUndefined();
    expect(readReplyMarkup({ remove_keyboard: true }, true)).toBeUndefined();
  });

  it.each([
    ['65 bytes of data', { text: 'Go', callback_data: 'x'.repeat(65) }, 'BUTTON_DATA_INVALID'],
    ['33 letters of two bytes', { text: 'Go', callback_data: 'ä'.repeat(33) }, 'BUTTON_DATA_INVALID'],
    ['empty data', { text: 'Go', callback_data: '' }, 'BUTTON_DATA_INVALID'],
    ['no action', { text: 'Go' }, 'Text buttons are unallowed in the inline keyboard'],
    ['two actions', { text: 'Go', url: 'https://example.com', callback_data: 'x' }, 'BUTTON_TYPE_INVALID'],
    [
      'a wrong address',
      { text: 'Go', url: 'not a url' },
      "inline keyboard button URL 'not a url' is invalid",
    ],
    ['a script', { text: 'Go', url: 'javascript:alert(1)' }, 'is invalid: Wrong HTTP URL'],
    ['no text', { callback_data: 'x' }, 'field "text" must be a non-empty String'],
    ['a Mini App in a group', { text: 'Go', web_app: { url: 'https://example.com' } }, 'BUTTON_TYPE_INVALID'],
    ['a string for a button', 'Go', 'InlineKeyboardButton must be an Object'],
  ])('refuses a button with %s', (_what, button, problem) => {
    expect(() => readReplyMarkup(keyboard(button), false)).toThrow(problem);
  });

  it('refuses more than a hundred buttons', () => {
    const row = Array.from({ length: 101 }, () => ({ text: 'Go', callback_data: 'x' }));
    expect(() => readReplyMarkup({ inline_keyboard: [row] }, true)).toThrow('reply markup is too long');
  });
});
