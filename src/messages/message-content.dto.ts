import { z } from 'zod';
import { textSchema } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { isButtonUrl, isCallbackData, isFileUrl, messageLimits } from '../telegram/index.js';
import { findHtmlProblem, findLabelProblem } from './content.rules.js';

/** Tags and links don't count for Telegram, yet they must end somewhere. */
const LONGEST_HTML = 16_384;
/** Eight rows of eight stay below Telegram's hundred. */
const ROWS_OF_BUTTONS = 8;

const html = (maximumLength: number) =>
  textSchema(1, LONGEST_HTML).check((context) => {
    const problem = findHtmlProblem(context.value, maximumLength);
    if (problem) context.issues.push({ code: 'custom', message: problem, input: context.value });
  });

const linkUrl = z.string().max(messageLimits.urlLength).refine(isFileUrl, {
  error:
    'must be a public address that begins with http:// or https://, such as https://example.org/file.pdf',
});
const fileUrl = linkUrl.describe(
  'Telegram fetches it: at most 5 MB for a photo, 20 MB else; documents by address only .gif, .pdf, .zip',
);

const buttonSchema = z
  .strictObject({
    text: textSchema(1, 512)
      .check((context) => {
        const problem = findLabelProblem(context.value, messageLimits.buttonTextLength);
        if (problem) context.issues.push({ code: 'custom', message: problem, input: context.value });
      })
      .describe(
        `what the button says, up to ${messageLimits.buttonTextLength} characters; may hold variables`,
      ),
    url: z
      .string()
      .max(messageLimits.urlLength)
      .refine(isButtonUrl, {
        error: 'must be a public address that begins with https:// or http://, or a tg:// link',
      })
      .optional()
      .describe('address that the button opens'),
    callbackData: textSchema(1, messageLimits.callbackDataBytes)
      .refine(isCallbackData, {
        error: `has more than ${messageLimits.callbackDataBytes} bytes; letters beyond ASCII take several each`,
      })
      .optional()
      .describe(`what the bot hears when it is pressed, 1 to ${messageLimits.callbackDataBytes} bytes`),
  })
  .refine((button) => (button.url === undefined) !== (button.callbackData === undefined), {
    error: 'A button has either url or callbackData.',
  })
  .meta({ id: 'Button' });

const envelope = {
  buttons: z
    .array(z.array(buttonSchema).min(1).max(messageLimits.buttonsPerRow))
    .min(1)
    .max(ROWS_OF_BUTTONS)
    .optional()
    .describe('rows of buttons below the message'),
  silent: z.boolean().optional().describe('arrives without a sound'),
  protectContent: z.boolean().optional().describe('cannot be forwarded or saved'),
};

const VARIABLES_SAID =
  'Variables: {{first_name}}, {{last_name}}, {{username}}, {{chat_title}}, each with a fallback after "|".';

const linkPreviewSchema = z
  .strictObject({
    url: linkUrl.optional().describe('which page to show; the first link of the text where it is absent'),
    preferSmallMedia: z.boolean().optional().describe('needs url'),
    preferLargeMedia: z.boolean().optional().describe('needs url'),
    showAboveText: z.boolean().optional(),
  })
  .refine(({ preferSmallMedia, preferLargeMedia }) => !(preferSmallMedia && preferLargeMedia), {
    error: 'A link preview is either small or large.',
  })
  .refine(
    ({ url, preferSmallMedia, preferLargeMedia }) =>
      url !== undefined || !(preferSmallMedia || preferLargeMedia),
    { error: 'Telegram minds the size of a link preview only where url names its page.' },
  )
  .meta({ id: 'LinkPreview' });

const textContentSchema = z
  .strictObject({
    kind: z.literal('text'),
    text: html(messageLimits.textLength).describe(
      `Telegram's HTML, 1 to ${messageLimits.textLength} characters after entities. ${VARIABLES_SAID}`,
    ),
    disableLinkPreview: z.boolean().optional(),
    linkPreview: linkPreviewSchema.optional(),
    ...envelope,
  })
  .refine(({ disableLinkPreview, linkPreview }) => !(disableLinkPreview && linkPreview), {
    error: 'A text has either disableLinkPreview or linkPreview.',
    path: ['linkPreview'],
  })
  .meta({ id: 'TextContent' });

const source = {
  assetId: idSchema.optional().describe('a file that was uploaded to /assets'),
  url: fileUrl.optional(),
};
const captioned = {
  caption: html(messageLimits.captionLength)
    .optional()
    .describe(
      `Telegram's HTML, up to ${messageLimits.captionLength} characters after entities. ${VARIABLES_SAID}`,
    ),
};
const shown = {
  ...captioned,
  showCaptionAboveMedia: z.boolean().optional(),
  hasSpoiler: z.boolean().optional().describe('covered until it is tapped'),
};

const hasOneSource = (content: { assetId?: string | undefined; url?: string | undefined }): boolean =>
  (content.assetId === undefined) !== (content.url === undefined);
const needsOneSource = (name: string) => ({ error: `${name} has either assetId or url.` });

const photoContentSchema = z
  .strictObject({ kind: z.literal('photo'), ...source, ...shown, ...envelope })
  .refine(hasOneSource, needsOneSource('A photo'))
  .meta({ id: 'PhotoContent' });

const documentContentSchema = z
  .strictObject({ kind: z.literal('document'), ...source, ...captioned, ...envelope })
  .refine(hasOneSource, needsOneSource('A document'))
  .meta({ id: 'DocumentContent' });

const videoContentSchema = z
  .strictObject({
    kind: z.literal('video'),
    ...source,
    ...shown,
    supportsStreaming: z.boolean().optional().describe('can be watched while it loads'),
    ...envelope,
  })
  .refine(hasOneSource, needsOneSource('A video'))
  .meta({ id: 'VideoContent', description: 'An MP4; other videos go as documents.' });

const animationContentSchema = z
  .strictObject({ kind: z.literal('animation'), ...source, ...shown, ...envelope })
  .refine(hasOneSource, needsOneSource('An animation'))
  .meta({ id: 'AnimationContent', description: 'A GIF, or an MP4 without sound.' });

const audioContentSchema = z
  .strictObject({
    kind: z.literal('audio'),
    ...source,
    ...captioned,
    performer: textSchema(1, 64).optional(),
    title: textSchema(1, 64).optional().describe('name of the track'),
    ...envelope,
  })
  .refine(hasOneSource, needsOneSource('An audio'))
  .meta({ id: 'AudioContent', description: 'An MP3 or M4A for the music player.' });

const voiceContentSchema = z
  .strictObject({ kind: z.literal('voice'), ...source, ...captioned, ...envelope })
  .refine(hasOneSource, needsOneSource('A voice message'))
  .meta({ id: 'VoiceContent', description: 'An OGG with Opus, an MP3 or an M4A, played in the chat.' });

const videoNoteContentSchema = z
  .strictObject({
    kind: z.literal('video_note'),
    assetId: idSchema.describe('a file that was uploaded to /assets; Telegram fetches none by address'),
    ...envelope,
  })
  .meta({ id: 'VideoNoteContent', description: 'A square MP4 of up to a minute, shown round.' });

const stickerContentSchema = z
  .strictObject({ kind: z.literal('sticker'), ...source, ...envelope })
  .refine(hasOneSource, needsOneSource('A sticker'))
  .meta({ id: 'StickerContent', description: 'A WEBP, TGS or WEBM sticker; by address WEBP only.' });

/** What a message says: checked against Telegram's own limits before anything is accepted. */
export const messageContentSchema = z
  .discriminatedUnion('kind', [
    textContentSchema,
    photoContentSchema,
    documentContentSchema,
    videoContentSchema,
    animationContentSchema,
    audioContentSchema,
    voiceContentSchema,
    videoNoteContentSchema,
    stickerContentSchema,
  ])
  .meta({
    id: 'MessageContent',
    examples: [
      {
        kind: 'text',
        text: 'Hello {{first_name|friend}}, <b>doors open at 20:00</b>.',
        buttons: [[{ text: 'Tickets', url: 'https://example.org/tickets' }]],
      },
    ],
  });
export type MessageContent = z.infer<typeof messageContentSchema>;
/** Content that shows a file. */
export type MediaContent = Exclude<MessageContent, { kind: 'text' }>;
export type MessageButton = z.infer<typeof buttonSchema>;
