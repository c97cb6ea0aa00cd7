import {
  escapeHtml,
  MEDIA_METHODS,
  type MediaKind,
  type MediaMethod,
  messageLimits,
} from '../telegram/index.js';
import { roomForValues } from './content.rules.js';
import { type MediaContent, type MessageButton, type MessageContent } from './message-content.dto.js';
import {
  fillTemplate,
  parseTemplate,
  type TemplateVariable,
  truncateText,
  type VariableName,
  VARIABLES,
  variablesOf,
} from './template.rules.js';

/** Whom a message goes to, as far as it can say something about them. */
export interface Recipient {
  readonly telegramChatId: string | number;
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
  readonly username?: string | null | undefined;
  readonly chatTitle?: string | null | undefined;
}

/** A file of ours, and the parameter that takes it. */
export interface MediaReference {
  readonly field: MediaKind;
  readonly assetId: string;
}

/** One call of the Bot API. With `media`, the caller adds the file's `file_id` as that parameter or uploads it. */
export interface RenderedMessage {
  readonly method: 'sendMessage' | MediaMethod;
  readonly parameters: Record<string, unknown>;
  readonly media?: MediaReference;
}

type Fill = (recipient: Recipient) => string;

/** Understands a message once, for many recipients: per recipient only what differs is made. */
export function compileMessage(content: MessageContent): (recipient: Recipient) => RenderedMessage {
  const fixed: Record<string, unknown> = {
    ...(content.silent && { disable_notification: true }),
    ...(content.protectContent && { protect_content: true }),
  };
  const markup = content.buttons && compileButtons(content.buttons);
  const addMarkup = (parameters: Record<string, unknown>, recipient: Recipient): void => {
    if (markup) parameters['reply_markup'] = markup(recipient);
  };

  if (content.kind === 'text') {
    const text = compileHtml(content.text);
    const preview = compileLinkPreview(content);
    if (preview) fixed['link_preview_options'] = preview;
    return (recipient) => {
      const parameters: Record<string, unknown> = {
        chat_id: recipient.telegramChatId,
        text: text(recipient),
        parse_mode: 'HTML',
        ...fixed,
      };
      addMarkup(parameters, recipient);
      return { method: 'sendMessage', parameters };
    };
  }

  const method = MEDIA_METHODS[content.kind];
  const media = mediaOf(content);
  const caption = captionOf(content);
  const fillCaption = caption === undefined ? undefined : compileHtml(caption);
  Object.assign(fixed, compileMedia(content));
  return (recipient) => {
    const parameters: Record<string, unknown> = { chat_id: recipient.telegramChatId, ...fixed };
    if (fillCaption) {
      parameters['caption'] = fillCaption(recipient);
      parameters['parse_mode'] = 'HTML';
    }
    addMarkup(parameters, recipient);
    return { method, parameters, ...(media && { media }) };
  };
}

/** The file of ours that a message shows; undefined where Telegram fetches it, or there is none. */
export function mediaOf(content: MessageContent): MediaReference | undefined {
  if (content.kind === 'text' || content.assetId === undefined) return undefined;
  return { field: content.kind, assetId: content.assetId };
}

/** Claims that what it says differs from recipient to recipient. */
export function isPersonal(content: MessageContent): boolean {
  const text = content.kind === 'text' ? content.text : captionOf(content);
  const labels = content.buttons?.flatMap((row) => row.map((button) => button.text)) ?? [];
  return [...labels, ...(text === undefined ? [] : [text])].some(
    (part) => variablesOf(parseTemplate(part)).length > 0,
  );
}

/** The caption, undefined for kinds that have none. */
export const captionOf = (content: MediaContent): string | undefined =>
  'caption' in content ? content.caption : undefined;

function compileLinkPreview({
  disableLinkPreview,
  linkPreview,
}: Extract<MessageContent, { kind: 'text' }>): Record<string, unknown> | undefined {
  if (disableLinkPreview) return { is_disabled: true };
  return (
    linkPreview && {
      ...(linkPreview.url !== undefined && { url: linkPreview.url }),
      ...(linkPreview.preferSmallMedia && { prefer_small_media: true }),
      ...(linkPreview.preferLargeMedia && { prefer_large_media: true }),
      ...(linkPreview.showAboveText && { show_above_text: true }),
    }
  );
}

/** What stands in the call beside the caption, the same for everybody. */
function compileMedia(content: MediaContent): Record<string, unknown> {
  return {
    ...('url' in content && content.url !== undefined && { [content.kind]: content.url }),
    ...('showCaptionAboveMedia' in content &&
      content.showCaptionAboveMedia && { show_caption_above_media: true }),
    ...('hasSpoiler' in content && content.hasSpoiler && { has_spoiler: true }),
    ...(content.kind === 'video' && content.supportsStreaming && { supports_streaming: true }),
    ...(content.kind === 'audio' && {
      ...(content.performer !== undefined && { performer: content.performer }),
      ...(content.title !== undefined && { title: content.title }),
    }),
  };
}

/** One message for one recipient; for many, compile it once. */
export const renderMessage = (content: MessageContent, recipient: Recipient): RenderedMessage =>
  compileMessage(content)(recipient);

function compileHtml(html: string): Fill {
  const template = parseTemplate(html);
  if (variablesOf(template).length === 0) return () => html;
  return (recipient) =>
    fillTemplate(template, (variable) =>
      escapeHtml(valueFor(recipient, variable, VARIABLES[variable.variable])),
    );
}

function compileLabel(label: string): Fill {
  const template = parseTemplate(label);
  if (variablesOf(template).length === 0) return () => label;
  const room = roomForValues(template, messageLimits.buttonTextLength);
  return (recipient) => fillTemplate(template, (variable) => valueFor(recipient, variable, room));
}

function compileButtons(rows: readonly (readonly MessageButton[])[]): (recipient: Recipient) => object {
  const compiled = rows.map((row) =>
    row.map(({ text, url, callbackData }) => ({
      label: compileLabel(text),
      action: url !== undefined ? { url } : { callback_data: callbackData },
    })),
  );
  const render = (recipient: Recipient) => ({
    inline_keyboard: compiled.map((row) =>
      row.map(({ label, action }) => ({ text: label(recipient), ...action })),
    ),
  });
  const isSameForAll = rows.every((row) =>
    row.every(({ text }) => variablesOf(parseTemplate(text)).length === 0),
  );
  if (!isSameForAll) return render;
  const once = render({ telegramChatId: 0 });
  return () => once;
}

const VALUE_OF: Record<VariableName, (recipient: Recipient) => string | null | undefined> = {
  first_name: (recipient) => recipient.firstName,
  last_name: (recipient) => recipient.lastName,
  username: (recipient) => recipient.username,
  chat_title: (recipient) => recipient.chatTitle,
};

/** The value is shortened and never the text around it, which was checked with the longest value there can be. */
function valueFor(
  recipient: Recipient,
  { variable, fallback }: TemplateVariable,
  maximumLength: number,
): string {
  const value = VALUE_OF[variable](recipient)?.trim();
  return truncateText(value ? value : fallback, maximumLength);
}
