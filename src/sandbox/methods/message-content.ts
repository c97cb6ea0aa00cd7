import { badRequest, CallRefusedError } from '../wire/call.errors.js';
import { type FormattedText, type MessageEntity, parseHtml } from '../wire/entities.rules.js';
import { detachText } from '../wire/detached-text.rules.js';
import { type CallParameters } from '../wire/parameters.rules.js';

// https://core.telegram.org/bots/api#sendmessage and #sendphoto
const longestTextCharacters = 4096;
const longestCaptionCharacters = 1024;
// Telegram drops those beyond.
const mostEntities = 100;

/** @throws CallRefusedError when it is empty, too long or its formatting is broken */
export function readText(parameters: CallParameters): FormattedText {
  const formatted = readFormatted(parameters, 'text', 'entities');
  if (formatted.text.trim() === '') throw badRequest('message text is empty');
  if (isLonger(formatted.text, longestTextCharacters)) throw badRequest('message is too long');
  return formatted;
}

/** The fields of a caption as they stand in a message; none for an empty one. */
export function readCaption(parameters: CallParameters): {
  caption?: string;
  caption_entities?: MessageEntity[];
} {
  const { text, entities } = readFormatted(parameters, 'caption', 'caption_entities');
  if (isLonger(text, longestCaptionCharacters)) throw badRequest('message caption is too long');
  if (text === '') return {};
  return entities.length > 0 ? { caption: text, caption_entities: entities } : { caption: text };
}

function readFormatted(parameters: CallParameters, field: string, entitiesField: string): FormattedText {
  const source = parameters[field];
  const text = typeof source === 'string' ? source : '';
  const mode = parameters['parse_mode'];
  if (typeof mode === 'string' && mode !== '') return parseIn(mode, text);
  const entities = parameters[entitiesField];
  return trimEnds({
    text,
    entities: Array.isArray(entities)
      ? entities.slice(0, mostEntities).map((entity) => readEntity(entity, text))
      : [],
  });
}

function parseIn(mode: string, text: string): FormattedText {
  switch (mode.toLowerCase()) {
    case 'html':
      return trimEnds(parseHtml(text));
    case 'markdown':
    case 'markdownv2':
      throw new CallRefusedError(501, `Not Implemented: the sandbox reads parse_mode HTML, not ${mode}`);
    default:
      throw badRequest('unsupported parse_mode');
  }
}

function readEntity(entity: unknown, text: string): MessageEntity {
  const { type, offset, length, url, language, custom_emoji_id } = (entity ?? {}) as Record<string, unknown>;
  if (typeof type !== 'string' || type.length > 64) {
    throw badRequest('can\'t parse MessageEntity: field "type" must be of type String');
  }
  const isInside =
    typeof offset === 'number' &&
    typeof length === 'number' &&
    offset >= 0 &&
    length > 0 &&
    offset + length <= text.length;
  if (!isInside) throw badRequest('ENTITY_BOUNDS_INVALID');
  const details = { url, language, custom_emoji_id };
  const shown = Object.entries(details).filter(
    ([, value]) => typeof value === 'string' && value.length <= 2048,
  );
  return { type, offset, length, ...Object.fromEntries(shown) };
}

/** Telegram drops white space at both ends and moves the entities along. */
function trimEnds({ text, entities }: FormattedText): FormattedText {
  const trimmed = text.trim();
  if (trimmed.length === text.length) return { text, entities };
  const dropped = text.length - text.trimStart().length;
  const kept = entities.flatMap((entity) => {
    const start = Math.max(0, entity.offset - dropped);
    const end = Math.min(trimmed.length, entity.offset + entity.length - dropped);
    return end > start ? [{ ...entity, offset: start, length: end - start }] : [];
  });
  return { text: detachText(trimmed), entities: kept };
}

/** Telegram counts characters, not UTF-16 units; the units decide when even they are few enough. */
function isLonger(text: string, limit: number): boolean {
  return text.length > limit && [...text].length > limit;
}
