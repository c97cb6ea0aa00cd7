/** What Telegram will make of a text in its HTML parse mode, or the first thing that it would refuse. */
export type ParsedHtml =
  | {
      ok: true;
      /** The text as people will see it, before Telegram trims it. */
      plainText: string;
      /** Its length in UTF-16 code units, by which Telegram counts. */
      length: number;
    }
  | {
      ok: false;
      /** Where it begins, in UTF-16 code units of the source. */
      offset: number;
      /** What is wrong and what to do. */
      message: string;
    };

interface OpenTag {
  name: string;
  offset: number;
  textOffset: number;
  customEmojiId: string;
}

/** Bot API, "Formatting options", "HTML style". Names are not case-sensitive; there are no others. */
const tagNames = new Set(
  'b strong i em u ins s strike del span tg-spoiler a code pre blockquote tg-emoji tg-time'.split(' '),
);

/**
 * Only these names and numbers of up to ten characters count; anything else stays literal. The semicolon may be missing,
 * as it may at Telegram.
 */
const reference = /&(?:#x([0-9a-fA-F]{1,6})(?![0-9a-fA-F])|#(\d{1,7})(?!\d)|(lt|gt|amp|quot)(?![A-Za-z]));?/y;
const named: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' };
/** Telegram's parser takes this number for no character any more. */
const lastCodePoint = 0x10fffe;

const plainRun = /[^<&]+/y;
const tagName = /[^\s>]*/y;
const space = /\s*/y;
const attributeName = /[^\s=>/"']*/y;
const nameToken = /[A-Za-z0-9.-]*/y;
const loneSurrogate = /\p{Cs}/u;
const largestCustomEmojiId = 2n ** 63n;

class HtmlRefused extends Error {
  constructor(
    readonly offset: number,
    message: string,
  ) {
    super(message);
  }
}

/** Reads a text as Telegram's HTML parse mode does: the same tags, the same references, the same refusals. */
export function parseHtml(html: string): ParsedHtml {
  try {
    const plainText = new HtmlReader(html).read();
    return { ok: true, plainText, length: plainText.length };
  } catch (error) {
    if (error instanceof HtmlRefused) return { ok: false, offset: error.offset, message: error.message };
    throw error;
  }
}

/** Makes a text plain inside HTML, also inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

/** One pass from left to right, in time that is linear in the text. */
class HtmlReader {
  private position = 0;
  private text = '';
  private readonly openTags: OpenTag[] = [];

  constructor(private readonly html: string) {}

  read(): string {
    const brokenAt = this.html.search(loneSurrogate);
    if (brokenAt >= 0)
      throw new HtmlRefused(brokenAt, 'Half a character stands here: remove it and type it again.');
    while (this.position < this.html.length) {
      const next = this.html[this.position];
      if (next === '&') this.text += this.takeReference();
      else if (next !== '<') this.text += this.take(plainRun);
      else if (this.html[this.position + 1] === '/') this.readEndTag();
      else this.readStartTag();
    }
    const unclosed = this.openTags.at(-1);
    if (unclosed) {
      throw new HtmlRefused(unclosed.offset, `<${unclosed.name}> is never closed: add </${unclosed.name}>.`);
    }
    return this.text;
  }

  private readStartTag(): void {
    const offset = this.position;
    this.position += 1;
    const written = this.take(tagName);
    const name = written.toLowerCase();
    if (this.isAtEnd() || !tagNames.has(name)) {
      throw new HtmlRefused(
        offset,
        `Telegram knows no tag <${written.slice(0, 32)}>: use one of ${[...tagNames].join(', ')}, or write &lt; for a plain "<".`,
      );
    }
    const attributes = this.readAttributes(name, offset);
    if (name === 'span' && attributes.get('class') !== 'tg-spoiler') {
      throw new HtmlRefused(offset, 'A <span> needs class="tg-spoiler"; it has no other use in Telegram.');
    }
    const customEmojiId = attributes.get('emoji-id') ?? '';
    this.openTags.push({ name, offset, textOffset: this.text.length, customEmojiId });
  }

  /** Up to and with the ">". */
  private readAttributes(tag: string, offset: number): Map<string, string> {
    const attributes = new Map<string, string>();
    for (;;) {
      this.take(space);
      if (this.html[this.position] === '>') break;
      if (this.isAtEnd()) throw unclosedTag(tag, offset);
      const name = this.take(attributeName);
      if (name === '') {
        throw new HtmlRefused(this.position, `An attribute of <${tag}> has no name: write it like href="…".`);
      }
      this.take(space);
      if (this.html[this.position] !== '=') {
        attributes.set(name, '');
        continue;
      }
      this.position += 1;
      this.take(space);
      attributes.set(name, this.readAttributeValue(tag, offset));
    }
    this.position += 1;
    return attributes;
  }

  private readAttributeValue(tag: string, offset: number): string {
    const quote = this.html[this.position];
    if (quote !== '"' && quote !== "'") {
      const value = this.take(nameToken).toLowerCase();
      if (!this.isAtEnd() && !/[\s>]/.test(this.html[this.position] as string)) {
        throw new HtmlRefused(this.position, `Put the value of this attribute of <${tag}> in quotes.`);
      }
      return value;
    }
    this.position += 1;
    let value = '';
    while (!this.isAtEnd() && this.html[this.position] !== quote) {
      if (this.html[this.position] === '&') value += this.takeReference();
      else value += this.html[this.position++];
    }
    if (this.isAtEnd()) throw unclosedTag(tag, offset);
    this.position += 1;
    return value;
  }

  private readEndTag(): void {
    const offset = this.position;
    const open = this.openTags.pop();
    if (!open) {
      throw new HtmlRefused(
        offset,
        'This closes a tag that was not opened: remove it, or write &lt; for a plain "<".',
      );
    }
    this.position += 2;
    const name = this.take(tagName).toLowerCase();
    this.take(space);
    if (this.html[this.position] !== '>') {
      throw new HtmlRefused(offset, `The end tag is not finished: write </${open.name}>.`);
    }
    this.position += 1;
    // Telegram lets "</>" close whatever is open.
    if (name !== '' && name !== open.name) {
      throw new HtmlRefused(
        offset,
        `</${name.slice(0, 32)}> stands where </${open.name}> is due: close the inner tag first.`,
      );
    }
    const isEmpty = this.text.length === open.textOffset;
    if (open.name === 'tg-emoji' && !isEmpty && !isCustomEmojiId(open.customEmojiId)) {
      throw new HtmlRefused(
        open.offset,
        'A <tg-emoji> needs emoji-id="…" with the number of a custom emoji.',
      );
    }
  }

  private takeReference(): string {
    reference.lastIndex = this.position;
    const [whole, hexadecimal, decimal, name] = reference.exec(this.html) ?? [];
    const codePoint = hexadecimal ? parseInt(hexadecimal, 16) : Number(decimal);
    if (whole === undefined || (name === undefined && (codePoint === 0 || codePoint > lastCodePoint))) {
      this.position += 1;
      return '&';
    }
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      throw new HtmlRefused(this.position, `${whole} is half a character: give the number of the whole one.`);
    }
    this.position += whole.length;
    return name === undefined ? String.fromCodePoint(codePoint) : (named[name] as string);
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.position;
    const taken = pattern.exec(this.html)?.[0] ?? '';
    this.position += taken.length;
    return taken;
  }

  private isAtEnd(): boolean {
    return this.position >= this.html.length;
  }
}

function unclosedTag(name: string, offset: number): HtmlRefused {
  return new HtmlRefused(offset, `The tag <${name}> is not finished: it lacks a ">" or a closing quote.`);
}

function isCustomEmojiId(text: string): boolean {
  return /^\d{1,19}$/.test(text) && BigInt(text) > 0n && BigInt(text) < largestCustomEmojiId;
}
