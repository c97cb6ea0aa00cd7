import { z } from 'zod';
import { lineOfTextSchema, pageQuerySchema, pageSchemaOf } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';

export const WEBHOOK_EVENTS = [
  'broadcast.paused',
  'broadcast.finished',
  'broadcast.cancelled',
  'broadcast.stopped',
  'bot.connected',
  'bot.stopped',
  'chat.stopped',
  'contact.created',
  'contact.erased',
  'schedule.approval_requested',
  'schedule.approved',
  'schedule.refused',
  'webhook.test',
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

const eventSchema = z.enum(WEBHOOK_EVENTS).meta({ id: 'WebhookEvent' });
const eventsSchema = z
  .array(eventSchema)
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .refine((events) => new Set(events).size === events.length, 'name each event once')
  .describe('what it is told of');
const urlSchema = lineOfTextSchema(2000)
  .describe('https address on the public internet; redirects are not followed')
  .meta({ examples: ['https://example.org/arauto'] });
const descriptionSchema = lineOfTextSchema(200);

export const createWebhookSchema = z
  .strictObject({ url: urlSchema, events: eventsSchema, description: descriptionSchema.optional() })
  .meta({
    id: 'CreateWebhook',
    examples: [{ url: 'https://example.org/arauto', events: ['broadcast.finished', 'contact.created'] }],
  });
export type CreateWebhook = z.output<typeof createWebhookSchema>;

export const changeWebhookSchema = z
  .strictObject({
    url: urlSchema.exactOptional(),
    events: eventsSchema.exactOptional(),
    description: descriptionSchema.exactOptional(),
    isEnabled: z.boolean().exactOptional().describe('true also sends what waited meanwhile'),
  })
  .refine((change) => Object.keys(change).length > 0, 'Name at least one field to change.')
  .meta({ id: 'ChangeWebhook', minProperties: 1, examples: [{ isEnabled: true }] });
export type ChangeWebhook = z.output<typeof changeWebhookSchema>;

export const webhookSchema = z
  .object({
    id: idSchema,
    url: z.string(),
    description: z.string(),
    events: z.array(eventSchema),
    isEnabled: z.boolean(),
    disabledReason: z.string().nullable(),
    failingSince: z.iso.datetime().nullable().describe('since when nothing arrived any more'),
    oldSecretUntil: z.iso.datetime().nullable().describe('until when the secret before signs as well'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Webhook' });
export type WebhookView = z.output<typeof webhookSchema>;
export const webhookPageSchema = pageSchemaOf(webhookSchema, 'WebhookPage');

const secretSchema = z
  .string()
  .describe('verifies the signatures (Standard Webhooks); shown once and never again');
export const createdWebhookSchema = webhookSchema
  .extend({ secret: secretSchema })
  .meta({ id: 'CreatedWebhook' });
export type CreatedWebhookView = z.output<typeof createdWebhookSchema>;

export const webhookDeliverySchema = z
  .object({
    id: idSchema.describe('also the header `webhook-id` of each attempt'),
    event: eventSchema,
    state: z.enum(['waiting', 'delivered', 'failed']),
    attempts: z.int(),
    nextAttemptAt: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDeliveryView = z.output<typeof webhookDeliverySchema>;
export const webhookDeliveryPageSchema = pageSchemaOf(webhookDeliverySchema, 'WebhookDeliveryPage');

export const webhookDeliveryQuerySchema = pageQuerySchema.extend({
  state: z.enum(['waiting', 'delivered', 'failed']).optional(),
});
export type WebhookDeliveryQuery = z.output<typeof webhookDeliveryQuerySchema>;

export const webhookDeliveryDetailsSchema = webhookDeliverySchema
  .extend({
    body: z.record(z.string(), z.unknown()).describe('what is posted'),
    log: z
      .array(
        z.object({
          at: z.iso.datetime(),
          durationMs: z.int(),
          status: z.int().nullable().describe('null where no answer came'),
          failure: z.string().nullable(),
          answer: z.string().nullable().describe('its first kilobyte'),
        }),
      )
      .describe('every attempt, newest first; the last 50'),
  })
  .meta({ id: 'WebhookDeliveryDetails' });
export type WebhookDeliveryDetails = z.output<typeof webhookDeliveryDetailsSchema>;

export const webhookDeliveryParametersSchema = z.strictObject({ id: idSchema, deliveryId: idSchema });
export type WebhookDeliveryParameters = z.output<typeof webhookDeliveryParametersSchema>;
