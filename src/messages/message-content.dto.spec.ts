import { messageContentSchema } from './message-content.dto.js';

const ASSET = '019aaaaa-0000-7000-8000-000000000001';
const text = (value: string, more: object = {}) => ({ kind: 'text', text: value, ...more });
const button = (more: object) => text('a', { buttons: [[{ text: 'Go', ...more }]] });

describe('messageContentSchema', () => {
  it.each([
    ['a text', text('Hello')],
    ['4096 characters', text('x'.repeat(4096))],
    ['4096 characters between tags', text(`<b>${'x'.repeat(4096)}</b>`)],
    ['entities counted as what they become', text('&lt;'.repeat(4096))],
    ['variables with room for the longest name', text(`${'x'.repeat(4096 - 64)}{{first_name}}`)],
    ['lines ended as Windows does', text('a\r\nb')],
    ['a photo by asset', { kind: 'photo', assetId: ASSET }],
    ['a document by address', { kind: 'document', url: 'https://example.org/a.pdf', caption: '<i>a</i>' }],
    ['a caption of 1024', { kind: 'photo', assetId: ASSET, caption: 'x'.repeat(1024) }],
    [
      'a video with all that it can have',
      {
        kind: 'video',
        assetId: ASSET,
        caption: 'a',
        showCaptionAboveMedia: true,
        hasSpoiler: true,
        supportsStreaming: true,
      },
    ],
    ['an animation by address', { kind: 'animation', url: 'https://example.org/a.gif', hasSpoiler: true }],
    ['an audio with its names', { kind: 'audio', assetId: ASSET, performer: 'Madredeus', title: 'O pastor' }],
    ['a voice message', { kind: 'voice', assetId: ASSET, caption: 'a', silent: true }],
    ['a video note', { kind: 'video_note', assetId: ASSET }],
    ['a sticker', { kind: 'sticker', assetId: ASSET, protectContent: true }],
    ['a preview of a page', text('a', { linkPreview: { url: 'https://a.b', preferSmallMedia: true } })],
    ['flags', text('a', { silent: true, protectContent: true, disableLinkPreview: true })],
    ['a link button', button({ url: 'https://example.org/?a=b' })],
    ['a link into Telegram', button({ url: 'tg://user?id=1' })],
    ['callback data of 64 bytes', button({ callbackData: 'é'.repeat(32) })],
    [
      'eight rows of eight',
      text('a', { buttons: Array(8).fill(Array(8).fill({ text: 'x', callbackData: 'x' })) }),
    ],
    [
      'a variable on a button',
      text('a', { buttons: [[{ text: 'For {{first_name|you}}', callbackData: 'x' }]] }),
    ],
  ])('takes %s', (_, content) => {
    expect(messageContentSchema.safeParse(content).error?.issues ?? []).toEqual([]);
  });

  it.each([
    ['4097 characters', text('x'.repeat(4097)), 'text', /4097 characters.*takes 4096/],
    ['nothing to read', text('<b> </b>'), 'text', /something to read/],
    ['no text', text(''), 'text', /./],
    ['broken HTML', text('<b>a'), 'text', /position/],
    ['an unknown tag', text('<h1>a</h1>'), 'text', /./],
    ['an unknown variable', text('{{name}}'), 'text', /first_name/],
    ['a name that may not fit', text(`${'x'.repeat(4090)}{{first_name}}`), 'text', /longest names/],
    ['nothing left without a name', text('{{first_name}}'), 'text', /fallback/],
    ['a variable inside a tag', text('<a href="https://a.b/{{username}}">x</a>'), 'text', /inside a tag/],
    ['NUL', text('a\u0000b'), 'text', /control characters/],
    ['half an emoji', text('a\ud83d'), 'text', /half/],
    ['a caption of 1025', { kind: 'photo', assetId: ASSET, caption: 'x'.repeat(1025) }, 'caption', /1024/],
    ['a photo without file', { kind: 'photo' }, '', /either assetId or url/],
    ['a photo with two files', { kind: 'photo', assetId: ASSET, url: 'https://a.b/c.png' }, '', /either/],
    ['a file on disk', { kind: 'document', url: 'file:///etc/passwd' }, 'url', /http/],
    ['another kind', { kind: 'film' }, 'kind', /./],
    ['a caption where there is none', { kind: 'sticker', assetId: ASSET, caption: 'a' }, '', /caption/],
    ['a video note by address', { kind: 'video_note', url: 'https://a.b/c.mp4' }, 'assetId', /./],
    ['a spoiler on what nobody sees', { kind: 'audio', assetId: ASSET, hasSpoiler: true }, '', /hasSpoiler/],
    [
      'a preview and none',
      text('a', { disableLinkPreview: true, linkPreview: { showAboveText: true } }),
      'linkPreview',
      /either/,
    ],
    ['a size without its page', text('a', { linkPreview: { preferLargeMedia: true } }), 'linkPreview', /url/],
    [
      'a small large preview',
      text('a', { linkPreview: { url: 'https://a.b', preferSmallMedia: true, preferLargeMedia: true } }),
      'linkPreview',
      /either small or large/,
    ],
    ['a preview of a disk', text('a', { linkPreview: { url: 'file:///a' } }), 'linkPreview.url', /http/],
    ['an unknown field', text('a', { parseMode: 'HTML' }), '', /parseMode/],
    [
      'callback data of 65 bytes',
      button({ callbackData: `é`.repeat(32) + 'x' }),
      'buttons.0.0.callbackData',
      /64 bytes/,
    ],
    ['a button without action', button({}), 'buttons.0.0', /either url or callbackData/],
    ['a button with two', button({ url: 'https://a.b', callbackData: 'x' }), 'buttons.0.0', /either/],
    ['a script', button({ url: 'javascript:alert(1)' }), 'buttons.0.0.url', /tg:/],
    [
      'a long label',
      text('a', { buttons: [[{ text: 'x'.repeat(65), callbackData: 'x' }]] }),
      'buttons.0.0.text',
      /64/,
    ],
    [
      'a label without room for a name',
      text('a', { buttons: [[{ text: `${'x'.repeat(60)}{{first_name|you}}`, callbackData: 'x' }]] }),
      'buttons.0.0.text',
      /Shorten/,
    ],
    [
      'nine in a row',
      text('a', { buttons: [Array(9).fill({ text: 'x', callbackData: 'x' })] }),
      'buttons.0',
      /./,
    ],
    ['an empty row', text('a', { buttons: [[]] }), 'buttons.0', /./],
  ])('refuses %s', (_, content, field, message) => {
    const issues = messageContentSchema.safeParse(content).error?.issues ?? [];
    expect(issues.map((issue) => [issue.path.join('.'), issue.message])).toContainEqual([
      field,
      expect.stringMatching(message),
    ]);
  });
});
