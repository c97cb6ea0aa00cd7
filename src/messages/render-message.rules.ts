import { escapeHtml, messageLimits } from '../telegram/index.js';
import { roomForValues } from './content.rules.js';
import { type MessageButton, type MessageContent } from './message-content.dto.js';
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

/** One call of the Bot API. With `media`, the caller adds the file's `file_id` as that parameter or uploads it. */
export interface RenderedMessage {
  readonly method: 'sendMessage' | 'sendPhoto' | 'sendDocument';
  readonly parameters: Record<string, unknown>;
  readonly media?: { readonly field: 'photo' | 'document'; readonly assetId: string };
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
    if (content.disableLinkPreview) fixed['link_preview_options'] = { is_disabled: true };
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

  const { kind, assetId, url } = content;
  const method = kind === 'photo' ? 'sendPhoto' : 'sendDocument';
  const caption = content.caption === undefined ? undefined : compileHtml(content.caption);
  if (url !== undefined) fixed[kind] = url;
  return (recipient) => {
    const parameters: Record<string, unknown> = { chat_id: recipient.telegramChatId, ...fixed };
    if (caption) {
      parameters['caption'] = caption(recipient);
      parameters['parse_mode'] = 'HTML';
    }
    addMarkup(parameters, recipient);
    return {
      method,
      parameters,
      ...(assetId !== undefined && { media: { field: kind, assetId } }),
    };
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
