import { messageLimits, parseHtml } from '../telegram/index.js';
import { type MessageContent } from './message-content.dto.js';
import { type MessagePreview } from './message.dto.js';
import { type Recipient, renderMessage } from './render-message.rules.js';
import { parseTemplate, variablesOf } from './template.rules.js';

/** Shows a message as one recipient would get it, and what may surprise its author. */
export function previewMessage(
  content: MessageContent,
  person: Omit<Recipient, 'telegramChatId'>,
): MessagePreview {
  const { method, parameters } = renderMessage(content, { ...person, telegramChatId: 0 });
  const { text, caption } = parameters as { text?: string; caption?: string };
  const html = text ?? caption ?? '';
  const parsed = parseHtml(html);
  const plainText = parsed.ok ? parsed.plainText : '';
  const markup = parameters['reply_markup'] as { inline_keyboard: { text: string }[][] } | undefined;
  return {
    method,
    html,
    plainText,
    plainLength: plainText.length,
    maximumLength: content.kind === 'text' ? messageLimits.textLength : messageLimits.captionLength,
    buttons: markup?.inline_keyboard.map((row) => row.map((button) => button.text)) ?? [],
    warnings: warnAbout(content),
  };
}

const FETCHED_DOCUMENT = /\.(gif|pdf|zip)$/i;

function warnAbout(content: MessageContent): string[] {
  const warnings: string[] = [];
  const texts = [
    content.kind === 'text' ? content.text : (content.caption ?? ''),
    ...(content.buttons?.flat().map((button) => button.text) ?? []),
  ];
  const bare = new Set(
    texts
      .flatMap((text) => variablesOf(parseTemplate(text)))
      .filter(({ fallback }) => fallback === '')
      .map(({ variable }) => variable),
  );
  for (const variable of bare)
    warnings.push(`{{${variable}}} has no fallback; recipients without one get nothing in its place.`);
  if (content.kind === 'document' && content.url && !FETCHED_DOCUMENT.test(new URL(content.url).pathname)) {
    warnings.push('Telegram fetches documents by address only as .gif, .pdf or .zip; upload other files.');
  }
  return warnings;
}
