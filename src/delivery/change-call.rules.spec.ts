import { compileMessage } from '../messages/index.js';
import { callToEdit, callToPin, callToRecall } from './change-call.rules.js';

const RECIPIENT = { telegramChatId: 5, firstName: 'Rui' };
const BUTTONS = [[{ text: 'Yes', callbackData: 'yes' }]];

describe('callToEdit', () => {
  it('exchanges a text with its buttons, not how it arrived', () => {
    const rendered = compileMessage({
      kind: 'text',
      text: 'Hello {{first_name|you}}',
      silent: true,
      protectContent: true,
      disableLinkPreview: true,
      buttons: BUTTONS,
    })(RECIPIENT);
    expect(callToEdit(rendered, 77)).toEqual({
      method: 'editMessageText',
      parameters: {
        chat_id: 5,
        message_id: 77,
        text: 'Hello Rui',
        parse_mode: 'HTML',
        link_preview_options: { is_disabled: true },
        reply_markup: { inline_keyboard: [[{ text: 'Yes', callback_data: 'yes' }]] },
      },
    });
  });

  it('exchanges a caption and leaves the file', () => {
    const rendered = compileMessage({ kind: 'photo', url: 'https://example.org/a.jpg', caption: 'New' })(
      RECIPIENT,
    );
    expect(callToEdit(rendered, 77)).toEqual({
      method: 'editMessageCaption',
      parameters: { chat_id: 5, message_id: 77, caption: 'New', parse_mode: 'HTML' },
    });
  });

  it('exchanges the buttons alone where there is no caption', () => {
    const rendered = { method: 'sendSticker', parameters: { chat_id: 5, reply_markup: {} } };
    expect(callToEdit(rendered as never, 77)).toEqual({
      method: 'editMessageReplyMarkup',
      parameters: { chat_id: 5, message_id: 77, reply_markup: {} },
    });
  });
});

test('callToRecall names the chat and the message', () => {
  expect(callToRecall(-5, 77)).toEqual({
    method: 'deleteMessage',
    parameters: { chat_id: -5, message_id: 77 },
  });
});

test.each([true, false])('callToPin tells the members of a group: %s', (notifies) => {
  expect(callToPin(-5, 77, notifies)).toEqual({
    method: 'pinChatMessage',
    parameters: { chat_id: -5, message_id: 77, disable_notification: !notifies },
  });
});
