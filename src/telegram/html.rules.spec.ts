import { escapeHtml, parseHtml } from './html.rules.js';

describe('parseHtml', () => {
  it.each([
    ['', ''],
    ['plain text\nin two lines', 'plain text\nin two lines'],
    ['<b>a</b><strong>b</strong><i>c</i><em>d</em>', 'abcd'],
    ['<u>a</u><ins>b</ins><s>c</s><strike>d</strike><del>e</del>', 'abcde'],
    ['<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', 'ab'],
    ["<span class='tg-spoiler'>a</span><span class=tg-spoiler>b</span>", 'ab'],
    ['<a href="https://example.com/?a=1&amp;b=2">link</a>', 'link'],
    ['<a>no address</a>', 'no address'],
    ['<code>a</code><pre>b</pre><pre><code class="language-python">c</code></pre>', 'abc'],
    ['<blockquote>a</blockquote><blockquote expandable>b</blockquote>', 'ab'],
    ['<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>', '👍'],
    ['<b>a<i>b<u>c</u></i></b>', 'abc'],
    ['<B>a</b><I>b</I>', 'ab'],
    ['<b>a</>', 'a'],
    ['<b  >a</b  >', 'a'],
    ['<b id = "x" hidden>a</b>', 'a'],
    ['&lt;&gt;&amp;&quot;', '<>&"'],
    ['&lt &#65 &#x42;', '< A B'],
    ['&#128077;&#x1F44D;', '👍👍'],
    [
      '&nbsp; &laquo; &LT; & &; &#; &#x; &#0; &#1114111; &#12345678; &ltx',
      '&nbsp; &laquo; &LT; & &; &#; &#x; &#0; &#1114111; &#12345678; &ltx',
    ],
    ['&lt;b&gt;', '<b>'],
    ['a > b', 'a > b'],
  ])('reads %j', (html, plainText) => {
    expect(parseHtml(html)).toEqual({ ok: true, plainText, length: plainText.length });
  });

  it('counts as Telegram does: UTF-16 code units of what is left', () => {
    expect(parseHtml('<b>👨‍👩‍👧</b>&amp;')).toMatchObject({ ok: true, length: 9 });
  });

  it.each([
    ['a <br> b', 2, 'Telegram knows no tag <br>'],
    ['1 < 2', 2, 'or write &lt; for a plain "<"'],
    ['<p>', 0, '<p>'],
    ['x <b', 2, 'Telegram knows no tag'],
    ['x <b ', 2, 'not finished'],
    ['<a href', 0, 'not finished'],
    ['<a href=', 0, 'not finished'],
    ['<a href="x', 0, 'not finished'],
    ['<a href="x"', 0, 'not finished'],
    ['<a ="x">y</a>', 3, 'no name'],
    ['<b/>', 0, 'Telegram knows no tag <b/>'],
    ['<b />', 3, 'no name'],
    ['<a href=https://example.com>y</a>', 13, 'in quotes'],
    ['<span>x</span>', 0, 'class="tg-spoiler"'],
    ['<span class="red">x</span>', 0, 'class="tg-spoiler"'],
    ['x</b>', 1, 'not opened'],
    ['<b>x</b', 4, 'write </b>'],
    ['<b>x</i>', 4, '</i> stands where </b> is due'],
    ['<b><i>x</b></i>', 7, '</b> stands where </i> is due'],
    ['<b>x', 0, 'add </b>'],
    ['<b><i>x</i>', 0, 'add </b>'],
    ['<tg-emoji emoji-id="x">👍</tg-emoji>', 0, 'emoji-id'],
    ['<tg-emoji emoji-id="99999999999999999999">👍</tg-emoji>', 0, 'emoji-id'],
    ['<tg-emoji>👍</tg-emoji>', 0, 'emoji-id'],
    ['a&#xD83D;', 1, 'half a character'],
    ['ab\ud83d', 2, 'Half a character'],
    ['<!-- x -->', 0, 'Telegram knows no tag <!-->'],
  ])('refuses %j at %i', (html, offset, message) => {
    expect(parseHtml(html)).toEqual({
      ok: false,
      offset,
      message: expect.stringContaining(message) as string,
    });
  });

  it('takes a long text in linear time', () => {
    const startedAtMs = performance.now();
    parseHtml('<a '.repeat(100_000));
    parseHtml('&#'.repeat(200_000));
    parseHtml('<b>'.repeat(100_000));
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
  });
});

describe('escapeHtml', () => {
  it('makes any text plain', () => {
    const text = '<b>"Tom & Jerry"</b> &lt;';
    expect(parseHtml(escapeHtml(text))).toEqual({ ok: true, plainText: text, length: text.length });
    expect(parseHtml(`<a href="${escapeHtml('"><b>')}">x</a>`)).toMatchObject({ ok: true, plainText: 'x' });
  });
});
