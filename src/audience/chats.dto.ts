import { z } from 'zod';
import { lineOfTextSchema, pageQuerySchema, pageSchemaOf } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { timeZoneSchema } from '../tenants/index.js';
import { CHAT_STATES, CHAT_TYPES, tagNameSchema } from './audience.dto.js';
import { TIME_ZONE_SOURCES } from './local-time.rules.js';

/** "at most 52 significant bits": https://core.telegram.org/bots/api#user */
const LARGEST_TELEGRAM_ID = 2 ** 52 - 1;

const searchSchema = lineOfTextSchema(64).describe(
  'beginning of the title, the name or the username; case is ignored',
);

const chatFilterSchema = z.strictObject({
  botId: idSchema.optional(),
  type: z.enum(CHAT_TYPES).optional(),
  state: z.enum(CHAT_STATES).optional(),
  tag: tagNameSchema.optional(),
  search: searchSchema.optional(),
});
export type ChatFilter = z.output<typeof chatFilterSchema>;

export const chatQuerySchema = pageQuerySchema.extend(chatFilterSchema.shape);
export type ChatQuery = z.output<typeof chatQuerySchema>;

export const contactQuerySchema = pageQuerySchema.extend({
  botId: idSchema.optional(),
  languageCode: z
    .string()
    .regex(/^[A-Za-z0-9-]{2,35}$/)
    .optional()
    .describe('as Telegram tells it, such as `pt-br`'),
  telegramUserId: z.coerce
    .number()
    .int()
    .min(1)
    .max(LARGEST_TELEGRAM_ID)
    .optional()
    .describe('the number that the bot tells the person on /privacy'),
  search: searchSchema.optional(),
});
export type ContactQuery = z.output<typeof contactQuerySchema>;

export const idParameterSchema = z.strictObject({ id: idSchema });
export type IdParameter = z.output<typeof idParameterSchema>;

export const chatTagParameterSchema = z.strictObject({ id: idSchema, name: tagNameSchema });
export type ChatTagParameter = z.output<typeof chatTagParameterSchema>;

export const tagParameterSchema = z.strictObject({ name: tagNameSchema });
export type TagParameter = z.output<typeof tagParameterSchema>;

export const chatSchema = z
  .object({
    id: idSchema,
    botId: idSchema,
    contactId: idSchema.nullable().describe('the person, where the chat is private'),
    telegramChatId: z.int(),
    type: z.enum(CHAT_TYPES),
    title: z.string().nullable().describe("the chat's title, or the person's name"),
    username: z.string().nullable(),
    state: z
      .enum(CHAT_STATES)
      .describe('`active` gets messages; `stopped` wrote /stop; `unreachable` blocked or removed the bot'),
    stateReason: z.string().nullable(),
    stateChangedAt: z.iso.datetime(),
    timeZone: z.string().describe('the local time of the chat'),
    timeZoneSource: z
      .enum([...TIME_ZONE_SOURCES, 'bot', 'tenant'])
      .describe(
        "whence it is known: chosen (the person said so in the chat), import, api, or not at all: then it is the bot's or the tenant's",
      ),
    tags: z.array(z.string()),
    firstSeenAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime(),
  })
  .meta({ id: 'Chat' });
export type ChatView = z.output<typeof chatSchema>;
export const chatPageSchema = pageSchemaOf(chatSchema, 'ChatPage');

export const setTimeZoneSchema = z
  .strictObject({ timeZone: timeZoneSchema })
  .meta({ id: 'SetTimeZone', examples: [{ timeZone: 'America/Sao_Paulo' }] });
export type SetTimeZone = z.output<typeof setTimeZoneSchema>;

const MOST_IMPORTED_ZONES = 5_000;
export const importTimeZonesSchema = z
  .strictObject({
    chats: z
      .array(
        z.strictObject({
          chatId: idSchema,
          timeZone: timeZoneSchema.nullable().describe('null to take the zone of the bot again'),
        }),
      )
      .min(1)
      .max(MOST_IMPORTED_ZONES)
      .refine(
        (chats) => new Set(chats.map(({ chatId }) => chatId)).size === chats.length,
        'names a chat twice',
      ),
  })
  .meta({
    id: 'ImportTimeZones',
    examples: [{ chats: [{ chatId: '019aaaaa-0000-7000-8000-000000000001', timeZone: 'Europe/Lisbon' }] }],
  });
export type ImportTimeZones = z.output<typeof importTimeZonesSchema>;
export const importedTimeZonesSchema = z.object({ chats: z.int() }).meta({ id: 'ImportedTimeZones' });
export type ImportedTimeZones = z.output<typeof importedTimeZonesSchema>;

export const contactSchema = z
  .object({
    id: idSchema,
    botId: idSchema,
    telegramUserId: z.int(),
    firstName: z.string(),
    lastName: z.string().nullable(),
    username: z.string().nullable(),
    languageCode: z.string().nullable(),
    firstSeenAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime(),
  })
  .meta({ id: 'Contact' });
export type ContactView = z.output<typeof contactSchema>;
export const contactPageSchema = pageSchemaOf(contactSchema, 'ContactPage');

export const createTagSchema = z
  .strictObject({ name: tagNameSchema })
  .meta({ id: 'CreateTag', examples: [{ name: 'customers' }] });
export type CreateTag = z.output<typeof createTagSchema>;

export const tagSchema = z
  .object({ id: idSchema, name: z.string(), chats: z.int(), createdAt: z.iso.datetime() })
  .meta({ id: 'Tag' });
export type TagView = z.output<typeof tagSchema>;
export const tagPageSchema = pageSchemaOf(tagSchema, 'TagPage');

/** Chats that are tagged by one request at most. */
export const LARGEST_TAGGING = 10_000;

export const tagChatsSchema = z
  .strictObject({
    tag: tagNameSchema.describe('is created where it does not exist'),
    chatIds: z.array(idSchema).min(1).max(LARGEST_TAGGING).optional(),
    filter: chatFilterSchema.optional().describe('all chats that the list would show'),
  })
  .refine((input) => (input.chatIds === undefined) !== (input.filter === undefined), {
    message: 'give either chatIds or filter',
    path: ['chatIds'],
  })
  .meta({ id: 'TagChats', examples: [{ tag: 'customers', filter: { type: 'private' } }] });
export type TagChats = z.output<typeof tagChatsSchema>;

export const taggedSchema = z
  .object({ chats: z.int().describe('chats that have the tag now and did not have it before') })
  .meta({ id: 'Tagged' });
export type Tagged = z.output<typeof taggedSchema>;
