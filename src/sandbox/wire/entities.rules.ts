import { badRequest, type CallRefusedError } from './call.errors.js';
import { detachText } from './detached-text.rules.js';

/** A span of a text in Telegram's measure: UTF-16 code units. */
export interface MessageEntity {
  type: string;
  offset: number;
  length: number;
  url?: string;
  language?: string;
  custom_emoji_id?: string;
}

export interface FormattedText {
  text: string;
  entities: MessageEntity[];
}

interface OpenTag {
  name: string;
  offset: number;
  /** Where it stands in the HTML. */
  start: number;
  entity?: Omit<MessageEntity, 'offset' | 'length'>;
}

const entityTypeByTag: Record<string, string> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
};
// 4096 characters, each wrapped in a tag or two: longer is no message, and patterns stay cheap.
const longestHtmlCharacters = 65_536;
const longestTagCharacters = 4096;
const namedCharacters: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' };
const characterReference = /^&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|amp|quot));?/i;
const attributePattern = /\s*([a-z][a-z0-9-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi;

/**
 * Reads Telegram's HTML (https://core.telegram.org/bots/api#html-style): the plain text and its entities.
 * @throws CallRefusedError "can't parse entities: …" with the byte offset, as Telegram words it
 */
export function parseHtml(html: string): FormattedText {
  if (!html.includes('<') && !html.includes('&')) return { text: html, entities: [] };
  if (html.length > longestHtmlCharacters) throw badRequest('message is too long');
  return new HtmlParser(html).parse();
}

/** One pass over one text; holds the place, what is open and what was found. */
class HtmlParser {
  private text = '';
  private position = 0;
  private readonly open: OpenTag[] = [];
  private readonly entities: MessageEntity[] = [];

  constructor(private readonly html: string) {}

  parse(): FormattedText {
    while (this.position < this.html.length) {
      const character = this.html[this.position];
      if (character === '<') this.readTag();
      else if (character === '&') this.readCharacterReference();
      else this.readPlain();
    }
    const left = this.open.at(-1);
    if (left) throw parseError(`Can't find end tag corresponding to start tag "${left.name}"`);
    this.entities.sort((a, b) => a.offset - b.offset || b.length - a.length);
    return { text: detachText(this.text), entities: this.entities };
  }

  private readPlain(): void {
    let end = this.position;
    while (end < this.html.length && this.html[end] !== '<' && this.html[end] !== '&') end++;
    this.text += this.html.slice(this.position, end);
    this.position = end;
  }

  private readCharacterReference(): void {
    const match = characterReference.exec(this.html.slice(this.position, this.position + 12));
    const decoded = match && decodeCharacter(match[1], match[2], match[3]);
    this.text += decoded ?? '&';
    this.position += match && decoded ? match[0].length : 1;
  }

  private readTag(): void {
    const start = this.position;
    const end = this.findTagEnd(start);
    const isEnd = this.html[start + 1] === '/';
    if (end < 0)
      throw parseError(`Unclosed ${isEnd ? 'end' : 'start'} tag at byte offset ${this.byteAt(start)}`);
    const content = this.html.slice(start + (isEnd ? 2 : 1), end);
    this.position = end + 1;
    if (isEnd) this.closeTag(content.trim().toLowerCase(), start);
    else this.openTag(content, start);
  }

  private findTagEnd(start: number): number {
    let quote = '';
    const last = Math.min(this.html.length, start + longestTagCharacters);
    for (let index = start + 1; index < last; index++) {
      const character = this.html[index] ?? '';
      if (quote !== '') quote = character === quote ? '' : quote;
      else if (character === '"' || character === "'") quote = character;
      else if (character === '>') return index;
    }
    return -1;
  }

  private openTag(content: string, start: number): void {
    const name = (/^[^\s>]*/.exec(content)?.[0] ?? '').toLowerCase();
    const attributes = readAttributes(content.slice(name.length));
    const tag: OpenTag = { name, offset: this.text.length, start };
    const entity = this.describeTag(tag, attributes);
    if (entity) tag.entity = entity;
    this.open.push(tag);
  }

  private describeTag(tag: OpenTag, attributes: ReadonlyMap<string, string>): OpenTag['entity'] {
    const { name, start } = tag;
    if (name === 'a') {
      const url = attributes.get('href');
      return url ? { type: 'text_link', url } : undefined;
    }
    if (name === 'span') {
      if (attributes.get('class') === 'tg-spoiler') return { type: 'spoiler' };
      throw parseError(`Tag "span" must have class "tg-spoiler" at byte offset ${this.byteAt(start)}`);
    }
    if (name === 'tg-emoji') {
      const custom_emoji_id = attributes.get('emoji-id');
      if (custom_emoji_id && /^\d{1,20}$/.test(custom_emoji_id))
        return { type: 'custom_emoji', custom_emoji_id };
      throw parseError('Invalid custom emoji identifier specified');
    }
    if (name === 'blockquote' && attributes.has('expandable')) return { type: 'expandable_blockquote' };
    const type = entityTypeByTag[name];
    if (type === undefined)
      throw parseError(`Unsupported start tag "${name}" at byte offset ${this.byteAt(start)}`);
    const language = name === 'code' ? /^language-(.+)$/.exec(attributes.get('class') ?? '')?.[1] : undefined;
    return language === undefined ? { type } : { type, language };
  }

  private closeTag(name: string, start: number): void {
    const tag = this.open.pop();
    if (!tag) throw parseError(`Unexpected end tag at byte offset ${this.byteAt(start)}`);
    if (name !== '' && name !== tag.name) {
      throw parseError(
        `Unmatched end tag at byte offset ${this.byteAt(start)}, expected "</${tag.name}>", found "</${name}>"`,
      );
    }
    const length = this.text.length - tag.offset;
    if (length > 0 && tag.entity) this.addEntity({ ...tag.entity, offset: tag.offset, length });
  }

  /** `<pre><code class="language-x">` is one entity that knows its language, not two. */
  private addEntity(entity: MessageEntity): void {
    const inner = this.entities.at(-1);
    if (
      entity.type === 'pre' &&
      inner?.language !== undefined &&
      inner.offset === entity.offset &&
      inner.length === entity.length
    ) {
      inner.type = 'pre';
      return;
    }
    this.entities.push(entity);
  }

  private byteAt(index: number): number {
    return Buffer.byteLength(this.html.slice(0, index));
  }
}

function readAttributes(source: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const match of source.matchAll(attributePattern)) {
    const value = match[2] ?? match[3] ?? match[4] ?? '';
    attributes.set((match[1] ?? '').toLowerCase(), decodeCharacters(value));
  }
  return attributes;
}

function decodeCharacters(value: string): string {
  return value.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|amp|quot));?/gi,
    (whole, decimal: string | undefined, hexadecimal: string | undefined, name: string | undefined) =>
      decodeCharacter(decimal, hexadecimal, name) ?? whole,
  );
}

function decodeCharacter(decimal?: string, hexadecimal?: string, name?: string): string | undefined {
  if (name !== undefined) return namedCharacters[name.toLowerCase()];
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

function parseError(problem: string): CallRefusedError {
  return badRequest(`can't parse entities: ${problem}`);
}

const typedEntityPatterns: readonly [string, RegExp][] = [
  ['bot_command', /(?<![\w/])\/[a-zA-Z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?/g],
  ['mention', /(?<![\w@])@[A-Za-z0-9_]{4,32}/g],
  ['hashtag', /(?<![\w#])#[\p{L}_][\p{L}\p{N}_]{0,255}/gu],
  ['url', /\bhttps?:\/\/[^\s<>"]+/g],
];

/** The entities that Telegram finds by itself in what a person types. */
export function findTypedEntities(text: string): MessageEntity[] {
  if (!/[/@#]/.test(text)) return [];
  return typedEntityPatterns
    .flatMap(([type, pattern]) =>
      [...text.matchAll(pattern)].map((match) => ({ type, offset: match.index, length: match[0].length })),
    )
    .sort((a, b) => a.offset - b.offset);
}
