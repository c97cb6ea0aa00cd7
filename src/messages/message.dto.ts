import { z } from 'zod';
import { pageSchemaOf, textSchema } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { MEDIA_METHODS } from '../telegram/index.js';
import { messageContentSchema } from './message-content.dto.js';

const contentExample = {
  kind: 'text',
  text: 'Good morning, <b>{{first_name|friend}}</b>!',
  buttons: [[{ text: 'Read more', url: 'https://example.org' }]],
} as const;

export const createMessageSchema = z
  .strictObject({ content: messageContentSchema })
  .meta({ id: 'CreateMessage', examples: [{ content: contentExample }] });
export type CreateMessage = z.infer<typeof createMessageSchema>;

export const messageSchema = z
  .object({
    id: idSchema,
    content: messageContentSchema,
    createdAt: z.iso.datetime(),
    archivedAt: z.iso
      .datetime()
      .nullable()
      .describe('archived messages are kept for the broadcasts that sent them'),
  })
  .meta({ id: 'Message' });
export type MessageView = z.output<typeof messageSchema>;

export const messagePageSchema = pageSchemaOf(messageSchema, 'MessagePage');

export const previewMessageSchema = z
  .strictObject({
    content: messageContentSchema,
    firstName: textSchema(1, 64).optional(),
    lastName: textSchema(1, 64).optional(),
    username: textSchema(1, 32).optional(),
    chatTitle: textSchema(1, 128).optional(),
  })
  .meta({ id: 'PreviewMessage', examples: [{ content: contentExample, firstName: 'Bia' }] });
export type PreviewMessage = z.infer<typeof previewMessageSchema>;

export const messagePreviewSchema = z
  .object({
    method: z.enum(['sendMessage', ...Object.values(MEDIA_METHODS)]),
    html: z.string().describe('text or caption as this recipient gets it, in HTML'),
    plainText: z.string().describe('what they read'),
    plainLength: z.int().describe('as Telegram counts it: UTF-16 code units after entities'),
    maximumLength: z.int().describe('0 for kinds without a caption'),
    buttons: z.array(z.array(z.string())).describe('labels of the buttons, row by row'),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'MessagePreview' });
export type MessagePreview = z.output<typeof messagePreviewSchema>;
