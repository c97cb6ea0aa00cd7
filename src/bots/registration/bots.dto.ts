import { z } from 'zod';
import { lineOfTextSchema, pageQuerySchema, pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';
import { timeZoneSchema } from '../../tenants/index.js';
import { BOT_ENVIRONMENTS, BOT_STATES, UPDATES_MODES } from './bot-state.rules.js';

const TOKEN_EXAMPLE = '123456789:AbCdEfGhIjKlMnOpQrStUvWxYz012345678';

// The shape is checked again by the service, which says what is wrong without repeating the token.
const tokenSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .describe('the token that @BotFather gave; it is stored encrypted and never shown again');

const nameSchema = lineOfTextSchema(64).describe(
  'what you call the bot; people in Telegram see the name from @BotFather',
);

export const connectBotSchema = z
  .strictObject({
    token: tokenSchema,
    environment: z
      .enum(BOT_ENVIRONMENTS)
      .default('live')
      .describe('`live` is Telegram; `sandbox` is the sandbox of this installation'),
    name: nameSchema.optional().describe('what you call the bot; without it, its name in Telegram'),
  })
  .meta({
    id: 'ConnectBot',
    examples: [{ token: TOKEN_EXAMPLE, environment: 'live' }],
  });
export type ConnectBot = z.output<typeof connectBotSchema>;

export const changeBotSchema = z
  .strictObject({
    name: nameSchema.exactOptional(),
    timeZone: timeZoneSchema
      .nullable()
      .exactOptional()
      .describe("the local time of its chats, where they have none of their own; null for the tenant's"),
  })
  .refine((change) => Object.keys(change).length > 0, 'Name at least one field to change.')
  .meta({ id: 'ChangeBot', minProperties: 1, examples: [{ name: 'Newsletter', timeZone: 'Europe/Lisbon' }] });
export type ChangeBot = z.output<typeof changeBotSchema>;

export const replaceTokenSchema = z
  .strictObject({ token: tokenSchema })
  .meta({ id: 'ReplaceToken', examples: [{ token: TOKEN_EXAMPLE }] });
export type ReplaceToken = z.output<typeof replaceTokenSchema>;

export const botQuerySchema = pageQuerySchema.extend({
  state: z
    .enum(BOT_STATES)
    .optional()
    .describe('only bots in this state; without it, all but the disconnected ones'),
});
export type BotQuery = z.output<typeof botQuerySchema>;

export const botParameterSchema = z.strictObject({ id: idSchema });
export type BotParameter = z.output<typeof botParameterSchema>;

export const botSchema = z
  .object({
    id: idSchema,
    environment: z.enum(BOT_ENVIRONMENTS),
    name: z.string(),
    telegramId: z.int(),
    username: z.string().nullable(),
    firstName: z.string().describe('its name in Telegram'),
    timeZone: z.string().nullable().describe("null for the tenant's"),
    state: z.enum(BOT_STATES),
    stateReason: z.string().nullable().describe('why it is in this state, where there is more to say'),
    stateChangedAt: z.iso.datetime(),
    updatesMode: z.enum(UPDATES_MODES).describe('how it hears from Telegram'),
    chats: z.object({
      active: z.int().describe('chats that messages reach'),
      stopped: z.int().describe('people who wrote /stop'),
      unreachable: z.int().describe('people who blocked the bot, groups that it left'),
    }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Bot' });
export type BotView = z.output<typeof botSchema>;

export const botPageSchema = pageSchemaOf(botSchema, 'BotPage');
