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

const fileUrl = z
  .string()
  .max(messageLimits.urlLength)
  .refine(isFileUrl, {
    error:
      'must be a public address that begins with http:// or https://, such as https://example.org/file.pdf',
  })
  .describe(
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

const textContentSchema = z
  .strictObject({
    kind: z.literal('text'),
    text: html(messageLimits.textLength).describe(
      `Telegram's HTML, 1 to ${messageLimits.textLength} characters after entities. ${VARIABLES_SAID}`,
    ),
    disableLinkPreview: z.boolean().optional(),
    ...envelope,
  })
  .meta({ id: 'TextContent' });

const fileContent = <Kind extends 'photo' | 'document'>(kind: Kind, id: string) =>
  z
    .strictObject({
      kind: z.literal(kind),
      assetId: idSchema.optional().describe('a file that was uploaded to /assets'),
      url: fileUrl.optional(),
      caption: html(messageLimits.captionLength)
        .optional()
        .describe(
          `Telegram's HTML, up to ${messageLimits.captionLength} characters after entities. ${VARIABLES_SAID}`,
        ),
      ...envelope,
    })
    .refine((content) => (content.assetId === undefined) !== (content.url === undefined), {
      error: `A ${kind} has either assetId or url.`,
    })
    .meta({ id });

/** What a message says: checked against Telegram's own limits before anything is accepted. */
export const messageContentSchema = z
  .discriminatedUnion('kind', [
    textContentSchema,
    fileContent('photo', 'PhotoContent'),
    fileContent('document', 'DocumentContent'),
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
export type MessageButton = z.infer<typeof buttonSchema>;
