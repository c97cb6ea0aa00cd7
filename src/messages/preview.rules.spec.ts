import { previewMessage } from './preview.rules.js';

describe('previewMessage', () => {
  it('shows what one recipient reads', () => {
    expect(
      previewMessage(
        {
          kind: 'text',
          text: 'Hi <b>{{first_name|friend}}</b> &amp; all',
          buttons: [[{ text: 'Yes, {{first_name}}!', callbackData: 'yes' }]],
        },
        { firstName: 'A<b' },
      ),
    ).toEqual({
      method: 'sendMessage',
      html: 'Hi <b>A&lt;b</b> &amp; all',
      plainText: 'Hi A<b & all',
      plainLength: 12,
      maximumLength: 4096,
      buttons: [['Yes, A<b!']],
      warnings: ['{{first_name}} has no fallback; recipients without one get nothing in its place.'],
    });
  });

  it('warns of documents that Telegram would not fetch', () => {
    const warnings = (url: string) => previewMessage({ kind: 'document', url }, {}).warnings;
    expect(warnings('https://example.org/a.docx')).toHaveLength(1);
    expect(warnings('https://example.org/a.PDF?x=1')).toEqual([]);
  });

  it.each([
    ['voice', 'https://example.org/a.mp3', 1, 1024],
    ['voice', 'https://example.org/a.ogg', 0, 1024],
    ['sticker', 'https://example.org/a.webm', 1, 0],
    ['video', 'https://example.org/a.mp4', 0, 1024],
  ] as const)('of a %s at %s warns %i times, and knows its limit', (kind, url, warnings, maximumLength) => {
    const preview = previewMessage({ kind, url }, {});
    expect([preview.warnings.length, preview.maximumLength]).toEqual([warnings, maximumLength]);
  });
});
