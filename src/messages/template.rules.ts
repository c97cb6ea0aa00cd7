/**
 * What a message may say differently to each recipient: `{{first_name}}`, or `{{first_name|friend}}` with what to say
 * where the recipient has none. The number is the longest value that Telegram lets people choose, in UTF-16 code units.
 */
export const VARIABLES = {
  first_name: 64,
  last_name: 64,
  username: 32,
  chat_title: 128,
} as const;
export type VariableName = keyof typeof VARIABLES;

export interface TemplateVariable {
  readonly variable: VariableName;
  readonly fallback: string;
}
export type TemplatePart = string | TemplateVariable;
export type Template = readonly TemplatePart[];

/** A template that can't be understood; the message says where and what to do. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const LONGEST_FALLBACK = 64;
const OPENING = '{{';
const CLOSING = '}}';
/** In HTML these would need escaping, and a fallback is plain text wherever it stands. */
const UNFIT_FOR_FALLBACK = /[<>&{}|\n]/;

/**
 * Splits a text into what is the same for everybody and what is not.
 * @throws TemplateError
 */
export function parseTemplate(text: string): Template {
  const parts: TemplatePart[] = [];
  let position = 0;
  for (;;) {
    const opening = text.indexOf(OPENING, position);
    if (opening === -1) break;
    const closing = text.indexOf(CLOSING, opening);
    if (closing === -1) {
      throw new TemplateError(
        `"{{" at position ${opening} is never closed; write {{first_name}} or {{first_name|friend}}.`,
      );
    }
    if (opening > position) parts.push(text.slice(position, opening));
    parts.push(parseVariable(text.slice(opening + OPENING.length, closing)));
    position = closing + CLOSING.length;
  }
  if (position < text.length) parts.push(text.slice(position));
  return parts;
}

function parseVariable(inside: string): TemplateVariable {
  const bar = inside.indexOf('|');
  const name = (bar === -1 ? inside : inside.slice(0, bar)).trim();
  const fallback = bar === -1 ? '' : inside.slice(bar + 1).trim();
  if (!Object.hasOwn(VARIABLES, name)) {
    throw new TemplateError(
      `There is no variable "${name.slice(0, 40)}"; there are ${Object.keys(VARIABLES).join(', ')}. To say "{{" itself, write &#123;{.`,
    );
  }
  if (fallback.length > LONGEST_FALLBACK || UNFIT_FOR_FALLBACK.test(fallback)) {
    throw new TemplateError(
      `The fallback of {{${name}}} may have up to ${LONGEST_FALLBACK} characters, and none of < > & { } | or a line feed.`,
    );
  }
  return { variable: name as VariableName, fallback };
}

/** The text with every variable replaced. */
export function fillTemplate(template: Template, valueOf: (variable: TemplateVariable) => string): string {
  let text = '';
  for (const part of template) text += typeof part === 'string' ? part : valueOf(part);
  return text;
}

export function variablesOf(template: Template): TemplateVariable[] {
  return template.filter((part) => typeof part !== 'string');
}

/** Shortens by UTF-16 code units without leaving half a character. */
export function truncateText(text: string, maximumLength: number): string {
  if (text.length <= maximumLength) return text;
  const last = text.charCodeAt(maximumLength - 1);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHighSurrogate ? maximumLength - 1 : maximumLength);
}
