import { type MessageContent } from './message-content.dto.js';
import { compileMessage, type Recipient, renderMessage } from './render-message.rules.js';

const ana: Recipient = { telegramChatId: '42', firstName: 'Ana <3 & "co"', username: null };
const text = (value: string, more: Partial<MessageContent> = {}) =>
  ({ kind: 'text', text: value, ...more }) as MessageContent;

describe('renderMessage', () => {
  it('makes a call of sendMessage', () => {
    const content = text('<b>Hi</b>', { silent: true, protectContent: true });
    expect(renderMessage({ ...content, disableLinkPreview: true } as MessageContent, ana)).toEqual({
      method: 'sendMessage',
      parameters: {
        chat_id: '42',
        text: '<b>Hi</b>',
        parse_mode: 'HTML',
        disable_notification: true,
        protect_content: true,
        link_preview_options: { is_disabled: true },
      },
    });
  });

  it('escapes what people call themselves', () => {
    const { parameters } = renderMessage(text('Hi {{first_name|friend}}'), ana);
    expect(parameters['text']).toBe('Hi Ana &lt;3 &amp; &quot;co&quot;');
  });

  it.each([
    ['absent', undefined],
    ['null', null],
    ['blank', '  '],
  ])('uses the fallback where the name is %s', (_, firstName) => {
    const { parameters } = renderMessage(text('Hi {{first_name|friend}}'), { telegramChatId: 1, firstName });
    expect(parameters['text']).toBe('Hi friend');
  });

  it('shortens the value and never the text', () => {
    const { parameters } = renderMessage(text('{{first_name|x}}!'), {
      telegramChatId: 1,
      firstName: `${'x'.repeat(63)}😀😀`,
    });
    expect(parameters['text']).toBe(`${'x'.repeat(63)}!`);
  });

  it('does not read values as templates', () => {
    const { parameters } = renderMessage(text('Hi {{first_name|x}}'), {
      telegramChatId: 1,
      firstName: '{{last_name}}',
      lastName: 'secret',
    });
    expect(parameters['text']).toBe('Hi {{last_name}}');
  });

  it('names an asset for the caller to fill, or the address itself', () => {
    const assetId = '019aaaaa-0000-7000-8000-000000000001';
    expect(renderMessage({ kind: 'photo', assetId, caption: 'Hi {{first_name|x}}' }, ana)).toEqual({
      method: 'sendPhoto',
      parameters: { chat_id: '42', caption: 'Hi Ana &lt;3 &amp; &quot;co&quot;', parse_mode: 'HTML' },
      media: { field: 'photo', assetId },
    });
    expect(renderMessage({ kind: 'document', url: 'https://example.org/a.pdf' }, ana)).toEqual({
      method: 'sendDocument',
      parameters: { chat_id: '42', document: 'https://example.org/a.pdf' },
    });
  });

  it.each([
    [
      { kind: 'video', supportsStreaming: true, hasSpoiler: true },
      'sendVideo',
      'video',
      ['supports_streaming', 'has_spoiler'],
    ],
    [
      { kind: 'animation', showCaptionAboveMedia: true },
      'sendAnimation',
      'animation',
      ['show_caption_above_media'],
    ],
    [{ kind: 'photo', hasSpoiler: false }, 'sendPhoto', 'photo', []],
    [{ kind: 'voice', silent: true }, 'sendVoice', 'voice', ['disable_notification']],
    [{ kind: 'video_note' }, 'sendVideoNote', 'video_note', []],
    [{ kind: 'sticker' }, 'sendSticker', 'sticker', []],
  ] as const)('makes of %j a call of %s', (content, method, field, flags) => {
    const assetId = '019aaaaa-0000-7000-8000-000000000001';
    expect(renderMessage({ ...content, assetId }, ana)).toEqual({
      method,
      parameters: { chat_id: '42', ...Object.fromEntries(flags.map((flag) => [flag, true])) },
      media: { field, assetId },
    });
  });

  it('names a piece of music', () => {
    const content = { kind: 'audio', url: 'https://a.b/c.mp3', performer: 'Ana', title: 'Fado' } as const;
    expect(renderMessage(content, ana)).toEqual({
      method: 'sendAudio',
      parameters: { chat_id: '42', audio: 'https://a.b/c.mp3', performer: 'Ana', title: 'Fado' },
    });
  });

  it('says which page to show, how large and where', () => {
    const linkPreview = { url: 'https://a.b', preferLargeMedia: true, showAboveText: true };
    expect(renderMessage({ kind: 'text', text: 'a', linkPreview }, ana).parameters).toMatchObject({
      link_preview_options: { url: 'https://a.b', prefer_large_media: true, show_above_text: true },
    });
  });

  it('labels buttons in plain text that fits', () => {
    const content = text('a', {
      buttons: [
        [
          { text: 'For {{first_name|you}}', callbackData: 'x' },
          { text: 'Site', url: 'https://example.org' },
        ],
      ],
    });
    const markup = (recipient: Recipient) => renderMessage(content, recipient).parameters['reply_markup'];
    expect(markup(ana)).toEqual({
      inline_keyboard: [
        [
          { text: 'For Ana <3 & "co"', callback_data: 'x' },
          { text: 'Site', url: 'https://example.org' },
        ],
      ],
    });
    const long = markup({ telegramChatId: 1, firstName: 'y'.repeat(64) }) as {
      inline_keyboard: { text: string }[][];
    };
    expect(long.inline_keyboard[0]?.[0]?.text).toBe(`For ${'y'.repeat(60)}`);
  });

  it('gives each recipient parameters of their own', () => {
    const render = compileMessage(text('Hi {{first_name|x}}'));
    const one = render({ telegramChatId: 1, firstName: 'A' });
    const other = render({ telegramChatId: 2, firstName: 'B' });
    expect([one.parameters['text'], other.parameters['text']]).toEqual(['Hi A', 'Hi B']);
    expect([one.parameters['chat_id'], other.parameters['chat_id']]).toEqual([1, 2]);
  });
});
