import { findTypedEntities, parseHtml } from './entities.rules.js';

describe('parseHtml', () => {
  it('gives plain text unchanged', () => {
    expect(parseHtml('2 + 2 = 4')).toEqual({ text: '2 + 2 = 4', entities: [] });
  });

  it('measures in UTF-16 units and nests', () => {
    expect(parseHtml('👋 <b>bold <i>both</i></b>')).toEqual({
      text: '👋 bold both',
      entities: [
        { type: 'bold', offset: 3, length: 9 },
        { type: 'italic', offset: 8, length: 4 },
      ],
    });
  });

  it('knows every official tag', () => {
    const html =
      '<u>a</u><ins>b</ins><s>c</s><strike>d</strike><del>e</del><span class="tg-spoiler">f</span>' +
      '<tg-spoiler>g</tg-spoiler><a href="https://example.com/?a=1&amp;b=2">h</a>' +
      '<tg-emoji emoji-id="5368324170671202286">i</tg-emoji><code>j</code><pre>k</pre>' +
      '<pre><code class="language-python">l</code></pre><blockquote>m</blockquote>' +
      '<blockquote expandable>n</blockquote><strong>o</strong><em>p</em>';
    const { text, entities } = parseHtml(html);
    expect(text).toBe('abcdefghijklmnop');
    expect(entities.map(({ type }) => type)).toEqual([
      'underline',
      'underline',
      'strikethrough',
      'strikethrough',
      'strikethrough',
      'spoiler',
      'spoiler',
      'text_link',
      'custom_emoji',
      'code',
      'pre',
      'pre',
      'blockquote',
      'expandable_blockquote',
      'bold',
      'italic',
    ]);
    expect(entities[7]).toMatchObject({ url: 'https://example.com/?a=1&b=2' });
    expect(entities[11]).toMatchObject({ language: 'python' });
  });

  it('decodes the named and numbered characters and leaves the others', () => {
    expect(parseHtml('&lt;&gt;&amp;&quot;&#65;&#x42; &nbsp; AT&T').text).toBe('<>&"AB &nbsp; AT&T');
  });

  it.each([
    ['<b>open', 'Can\'t find end tag corresponding to start tag "b"'],
    ['ä<foo>x</foo>', 'Unsupported start tag "foo" at byte offset 2'],
    ['<b>x</i>', 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'],
    ['x</b>', 'Unexpected end tag at byte offset 1'],
    ['a < b', 'Unclosed start tag at byte offset 2'],
    ['<b>x</b', 'Unclosed end tag at byte offset 4'],
    ['<span class="red">x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'],
    ['<tg-emoji>x</tg-emoji>', 'Invalid custom emoji identifier specified'],
    ['<>x', 'Unsupported start tag "" at byte offset 0'],
  ])('refuses %s', (html, problem) => {
    expect(() => parseHtml(html)).toThrow(`Bad Request: can't parse entities: ${problem}`);
  });

  it('refuses what no message can hold without reading it', () => {
    expect(() => parseHtml(`<b>${' '.repeat(100_000)}</b>`)).toThrow('message is too long');
  });
});

describe('findTypedEntities', () => {
  it('finds commands, mentions, hashtags and addresses', () => {
    const entities = findTypedEntities('/start@my_bot see @someone #news https://example.com/x');
    expect(entities).toEqual([
      { type: 'bot_command', offset: 0, length: 13 },
      { type: 'mention', offset: 18, length: 8 },
      { type: 'hashtag', offset: 27, length: 5 },
      { type: 'url', offset: 33, length: 21 },
    ]);
  });

  it('finds none in a path or an e-mail address', () => {
    expect(findTypedEntities('a/b someone@example.com')).toEqual([]);
  });
});
