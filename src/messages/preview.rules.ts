import { messageLimits, parseHtml } from '../telegram/index.js';
import { type MessageContent } from './message-content.dto.js';
import { type MessagePreview } from './message.dto.js';
import { captionOf, type Recipient, renderMessage } from './render-message.rules.js';
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
    maximumLength: maximumLengthOf(content),
    buttons: markup?.inline_keyboard.map((row) => row.map((button) => button.text)) ?? [],
    warnings: warnAbout(content),
  };
}

function maximumLengthOf(content: MessageContent): number {
  if (content.kind === 'text') return messageLimits.textLength;
  return content.kind === 'video_note' || content.kind === 'sticker' ? 0 : messageLimits.captionLength;
}

/** What Telegram fetches by address, where its documentation says so ("Sending files"). */
const FETCHED = {
  document: {
    ending: /\.(gif|pdf|zip)$/i,
    warning: 'Telegram fetches documents by address only as .gif, .pdf or .zip; upload other files.',
  },
  voice: {
    ending: /\.(ogg|oga|opus)$/i,
    warning: 'Telegram fetches a voice message by address only as OGG of up to 1 MB; upload other files.',
  },
  sticker: {
    ending: /\.webp$/i,
    warning: 'Telegram fetches stickers by address only as .webp; upload other files.',
  },
} as const;

function warnAbout(content: MessageContent): string[] {
  const warnings: string[] = [];
  const texts = [
    content.kind === 'text' ? content.text : (captionOf(content) ?? ''),
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
  if (content.kind === 'document' || content.kind === 'voice' || content.kind === 'sticker') {
    const { ending, warning } = FETCHED[content.kind];
    if (content.url !== undefined && !ending.test(new URL(content.url).pathname)) warnings.push(warning);
  }
  return warnings;
}
