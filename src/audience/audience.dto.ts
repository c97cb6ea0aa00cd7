import { z } from 'zod';
import { idSchema } from '../platform/identity/index.js';
import { timeZoneSchema } from '../tenants/index.js';
import { LOCAL_TIMES } from './local-time.rules.js';

export const CHAT_TYPES = ['private', 'group', 'supergroup', 'channel'] as const;
export type ChatType = (typeof CHAT_TYPES)[number];

export const CHAT_STATES = ['active', 'stopped', 'unreachable'] as const;
export type ChatState = (typeof CHAT_STATES)[number];

export const tagNameSchema = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^\p{C}/]+$/u, 'must have no line breaks, slashes or invisible characters')
  .describe('name of a tag, unique in the tenant; upper and lower case differ')
  .meta({ examples: ['customers'] });

const botIds = z
  .array(idSchema)
  .min(1)
  .max(100)
  .optional()
  .describe('only chats of these bots; without it, of all bots');
const chatTypes = z
  .array(z.enum(CHAT_TYPES))
  .min(1)
  .max(CHAT_TYPES.length)
  .optional()
  .describe('only chats of these types; without it, all types');

const localTime = z
  .strictObject({
    of: z
      .enum(LOCAL_TIMES)
      .describe(
        "chat: the chat's own time zone, else its bot's, else the tenant's; bot: the bot's, else the tenant's",
      ),
    timeZone: timeZoneSchema,
  })
  .optional()
  .describe('only chats whose local time is that of a zone; without it, all');

/** To whom a message goes. Only active chats count: who wrote /stop or blocked the bot gets nothing. */
export const audienceSchema = z
  .discriminatedUnion('to', [
    z.strictObject({ to: z.literal('everybody'), botIds, chatTypes, localTime }),
    z.strictObject({
      to: z.literal('tags'),
      tags: z.array(tagNameSchema).min(1).max(20).describe('chats that have at least one of these tags'),
      botIds,
      chatTypes,
      localTime,
    }),
    z.strictObject({ to: z.literal('chats'), chatIds: z.array(idSchema).min(1).max(1000), localTime }),
  ])
  .meta({ id: 'Audience', examples: [{ to: 'everybody' }, { to: 'tags', tags: ['customers'] }] });
export type Audience = z.infer<typeof audienceSchema>;

export const audienceSizeSchema = z
  .object({
    chats: z.int().describe('active chats that the audience means now'),
    estimatedSeconds: z
      .int()
      .describe(
        'how long one message to all of them takes at the usual pace, where nothing else is being sent',
      ),
    paid: z
      .object({
        estimatedSeconds: z.int().describe('the same at the pace of a paid broadcast'),
        mostStars: z.int().describe('what a paid broadcast to them may cost, all bots together'),
      })
      .describe('for a broadcast with `paid`'),
  })
  .meta({ id: 'AudienceSize' });
export type AudienceSize = z.output<typeof audienceSizeSchema>;

export const previewAudienceSchema = z
  .strictObject({ audience: audienceSchema })
  .meta({ id: 'PreviewAudience', examples: [{ audience: { to: 'everybody' } }] });
export type PreviewAudience = z.output<typeof previewAudienceSchema>;

export const audienceCountsSchema = z
  .object({
    counts: z.array(
      z.object({ botId: idSchema, type: z.enum(CHAT_TYPES), state: z.enum(CHAT_STATES), chats: z.int() }),
    ),
  })
  .meta({ id: 'AudienceCounts' });
export type AudienceCounts = z.output<typeof audienceCountsSchema>;
