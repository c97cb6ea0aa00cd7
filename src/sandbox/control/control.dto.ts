import { z } from 'zod';

import { faultKinds } from '../faults/fault.rules.js';

// https://core.telegram.org/bots/features#creating-a-new-bot: a bot's username ends in "bot".
const username = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{3,31}$/);
const botUsername = username.regex(/bot$/i, 'must end in "bot"');
const name = z.string().trim().min(1).max(64);
const safeId = z.coerce.number().int().safe();
const positiveId = z.number().int().positive().safe();
const anyId = z.number().int().safe();
const text = z.string().min(1).max(4096);

export const idParametersSchema = z.strictObject({ id: safeId });

export const createBotSchema = z.strictObject({
  firstName: name,
  username: botUsername.optional(),
  canReadAllGroupMessages: z.boolean().optional(),
});

export const createPeopleSchema = z
  .strictObject({
    count: z.number().int().min(1).max(10_000).default(1),
    firstName: name.optional(),
    lastName: name.optional(),
    username: username.optional(),
    languageCode: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Za-z]{2,4})?$/)
      .optional(),
  })
  .refine((people) => people.count === 1 || people.username === undefined, {
    path: ['username'],
    message: 'only one person can have a username',
  });

// https://core.telegram.org/bots/features#deep-linking
const payload = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const startSchema = z.strictObject({ botId: positiveId, payload: payload.optional() });
export const startManySchema = z.strictObject({
  botId: positiveId,
  personIds: z.array(positiveId).min(1).max(10_000),
  payload: payload.optional(),
});
export const personMessageSchema = z.strictObject({ botId: positiveId, text });
export const botOnlySchema = z.strictObject({ botId: positiveId });
export const pressSchema = z.strictObject({
  botId: positiveId,
  messageId: positiveId,
  callbackData: z.string().min(1).max(64),
  /** The group in which the button is; without it, the private chat with the bot. */
  chatId: anyId.optional(),
});

export const createGroupsSchema = z
  .strictObject({
    title: z.string().trim().min(1).max(128),
    type: z.enum(['group', 'supergroup', 'channel']),
    username: username.optional(),
    count: z.number().int().min(1).max(1000).default(1),
  })
  .refine((group) => group.username === undefined || (group.count === 1 && group.type !== 'group'), {
    path: ['username'],
    message: 'only a single supergroup or channel can have a username',
  });
export const addBotSchema = z.strictObject({ botId: positiveId, asAdmin: z.boolean().default(false) });
export const membersSchema = z.strictObject({ personIds: z.array(positiveId).min(1).max(10_000) });
export const groupMessageSchema = z.strictObject({
  personId: positiveId,
  text,
  replyToMessageId: positiveId.optional(),
});

const rate = z.number().int().min(1).max(100_000).nullable();
export const limitsSchema = z.strictObject({
  botId: positiveId.optional(),
  messagesPerSecondPerBot: rate.optional(),
  messagesPerSecondPerChat: rate.optional(),
  chatBurst: z.number().int().min(1).max(1000).optional(),
  messagesPerMinutePerGroup: rate.optional(),
  restSeconds: z.number().int().min(1).max(86_400).optional(),
});

const milliseconds = z.number().int().min(0).max(60_000);
export const latencySchema = z
  .strictObject({ botId: positiveId.optional(), minimumMs: milliseconds, maximumMs: milliseconds.optional() })
  .refine((latency) => latency.maximumMs === undefined || latency.maximumMs >= latency.minimumMs, {
    path: ['maximumMs'],
    message: 'must not be below minimumMs',
  });
export const strictnessSchema = z.strictObject({ isStrict: z.boolean() });

export const createFaultSchema = z
  .strictObject({
    kind: z.enum(faultKinds),
    botId: positiveId.optional(),
    method: z
      .string()
      .regex(/^[a-zA-Z]{1,64}$/)
      .optional(),
    chatId: anyId.optional(),
    count: z.number().int().min(1).max(1_000_000).optional(),
    probability: z.number().min(0).max(1).optional(),
    seed: z.number().int().min(0).max(2_147_483_647).optional(),
    statusCode: z.number().int().min(200).max(599).optional(),
    retryAfterSeconds: z.number().int().min(1).max(86_400).optional(),
    hasEffect: z.boolean().optional(),
  })
  .superRefine((fault, context) => {
    const allowed = statusCodesByKind[fault.kind];
    const code = fault.statusCode;
    if (code !== undefined && !allowed?.(code)) {
      context.addIssue({ code: 'custom', path: ['statusCode'], message: `does not go with ${fault.kind}` });
    }
  });

const statusCodesByKind: Partial<Record<(typeof faultKinds)[number], (code: number) => boolean>> = {
  html: (code) => code === 200 || code >= 500,
  server_error: (code) => code >= 500,
  redirect: (code) => [301, 302, 303, 307, 308].includes(code),
};

const ledgerFilter = {
  botId: z.coerce.number().int().positive().safe().optional(),
  method: z
    .string()
    .regex(/^[a-zA-Z]{1,64}$/)
    .optional(),
  sinceSequence: z.coerce.number().int().min(0).safe().default(0),
  textPrefix: z.string().min(1).max(200).optional(),
};
export const ledgerQuerySchema = z.strictObject({
  ...ledgerFilter,
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
});
export const summaryQuerySchema = z.strictObject({
  ...ledgerFilter,
  textPrefixCharacters: z.coerce.number().int().min(0).max(200).default(0),
});
export type LedgerFilter = Omit<z.infer<typeof summaryQuerySchema>, 'textPrefixCharacters'>;

export const pageQuerySchema = z.strictObject({
  afterId: z.coerce.number().int().safe().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
export const messagesQuerySchema = z.strictObject({
  botId: z.coerce.number().int().positive().safe().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export const botQuerySchema = z.strictObject({ botId: z.coerce.number().int().positive().safe() });
export const callbackParametersSchema = z.strictObject({ id: z.string().regex(/^\d{1,20}$/) });
