import { z } from 'zod';
import { audienceSchema } from '../audience/index.js';
import { messageContentSchema } from '../messages/index.js';
import { pageQuerySchema, pageSchemaOf } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { BROADCAST_KINDS, BROADCAST_STATES } from './broadcast.rules.js';
import { DELIVERY_STATES, type DeliveryState } from './delivery.rules.js';
import { FOLLOW_UP_KINDS, FOLLOW_UP_STATES, PIN_WAYS } from './follow-up.rules.js';
import { MOST_BUCKETS } from './report.rules.js';

/** Either a message that is there already, or one given here. */
export const messageChoice = {
  messageId: idSchema.optional().describe('a message made before; or give `message`'),
  message: messageContentSchema.optional().describe('the content itself; or give `messageId`'),
};

const SHORTEST_STAY_SECONDS = 60;
/** Telegram deletes for 48 hours; the last one is left for a broadcast that takes its time, and for bots that rest. */
const LONGEST_STAY_SECONDS = 47 * 60 * 60;

/** What is done with messages once they are sent. */
export const followUpChoice = {
  pin: z
    .enum(PIN_WAYS)
    .nullable()
    .optional()
    .describe(
      'pin each message once all are sent, silently or so that the members of groups are notified (Telegram notifies nobody in channels and private chats)',
    ),
  deletePrevious: z
    .boolean()
    .optional()
    .describe(
      'once it is sent, delete the messages of the one before it, as far as Telegram still does: those of the last 48 hours',
    ),
  deleteAfterSeconds: z
    .int()
    .min(SHORTEST_STAY_SECONDS)
    .max(LONGEST_STAY_SECONDS)
    .nullable()
    .optional()
    .describe('delete the messages so long after the last one was sent; up to 47 hours'),
};

export const followUpSchema = z
  .object({
    kind: z.enum(FOLLOW_UP_KINDS),
    state: z.enum(FOLLOW_UP_STATES),
    reason: z
      .string()
      .nullable()
      .describe(
        'why it was dropped: nothing_sent, no_previous, already_deleted, too_old (Telegram deletes for 48 hours)',
      ),
    broadcastId: idSchema.nullable().describe('what carries it out, with a report of its own'),
    advice: z.string().nullable().describe('what went wrong, and what to do about it'),
  })
  .meta({ id: 'FollowUp' });
export type FollowUpView = z.output<typeof followUpSchema>;

export const createBroadcastSchema = z
  .strictObject({
    ...messageChoice,
    audience: audienceSchema,
    ambiguityPolicy: z
      .enum(['leave', 'resend_once'])
      .default('leave')
      .describe(
        'what to do where nobody can know whether a message arrived (a time-out after it left): leave it as `unknown`, or send it once more; nearly all of them had arrived',
      ),
    paid: z
      .boolean()
      .default(false)
      .describe(
        'send up to 1,000 messages a second of a bot, for a tenth of a Star each; the bot needs what Telegram asks for it',
      ),
    maxStars: z
      .int()
      .min(1)
      .max(10_000_000)
      .optional()
      .describe('only with `paid`: confirms what it may cost at most; a smaller audience is accepted alone'),
  })
  .refine(({ messageId, message }) => (messageId === undefined) !== (message === undefined), {
    error: 'Give either messageId or message.',
    path: ['message'],
  })
  .refine(({ paid, maxStars }) => paid === (maxStars !== undefined), {
    error: 'A paid broadcast names maxStars, what it may cost at most; one that is not paid names none.',
    path: ['maxStars'],
  })
  .meta({
    id: 'CreateBroadcast',
    examples: [
      {
        message: { kind: 'text', text: 'Good morning, {{first_name|friend}}!' },
        audience: { to: 'everybody' },
      },
    ],
  });
export type CreateBroadcast = z.infer<typeof createBroadcastSchema>;

export const editBroadcastSchema = z
  .strictObject({
    message: messageContentSchema.describe('of the same kind and with the same file as what was sent'),
  })
  .meta({ id: 'EditBroadcast', examples: [{ message: { kind: 'text', text: 'Doors open at 21:00.' } }] });
export type EditBroadcast = z.infer<typeof editBroadcastSchema>;

export const testBroadcastSchema = z
  .strictObject({ ...messageChoice, chatId: idSchema.describe('a chat that pressed Start') })
  .refine(({ messageId, message }) => (messageId === undefined) !== (message === undefined), {
    error: 'Give either messageId or message.',
    path: ['message'],
  })
  .meta({
    id: 'TestBroadcast',
    examples: [
      {
        message: { kind: 'text', text: 'Good morning, {{first_name|friend}}!' },
        chatId: '0199c3f0-5d8a-7c11-8a3e-2f1f6f0b1c22',
      },
    ],
  });
export type TestBroadcast = z.infer<typeof testBroadcastSchema>;

const instant = z.iso.datetime();
const reasonSchema = z
  .string()
  .regex(/^[a-z0-9_]{1,64}$/, 'must be a reason as the report names it, such as blocked');

export const broadcastCountsSchema = z
  .object({
    accepted: z.int().describe('deliveries planned so far; all of them once `state` is no longer `planning`'),
    queued: z.int(),
    sending: z.int(),
    sent: z.int(),
    failed: z.int(),
    unknown: z.int().describe('nobody can know whether these arrived; never sent again unless chosen'),
    cancelled: z.int(),
    skipped: z.int().describe('passed over without a try, such as people who pressed /stop meanwhile'),
    reasons: z.array(z.object({ state: z.enum(DELIVERY_STATES), reason: z.string(), count: z.int() })),
  })
  .meta({ id: 'BroadcastCounts' });

export const broadcastSchema = z
  .object({
    id: idSchema,
    kind: z
      .enum(BROADCAST_KINDS)
      .describe(
        '`edit`, `recall` and `pin` change the messages that their target sent; a `test` went to one chat',
      ),
    targetId: idSchema.nullable(),
    state: z.enum(BROADCAST_STATES),
    stateReason: z.string().nullable(),
    messageId: idSchema,
    audience: audienceSchema,
    scheduleId: idSchema.nullable(),
    sequenceId: idSchema.nullable().describe('of the sequence whose step it sends'),
    dueAt: instant,
    createdAt: instant,
    endedAt: instant.nullable(),
    ambiguityPolicy: z.enum(['leave', 'resend_once']),
    maxStars: z.int().nullable().describe('what it may cost at most; null where it is not paid for'),
  })
  .meta({ id: 'Broadcast' });

const forecastSchema = z.object({
  finishAt: instant.describe('when the slowest bot will be done'),
  perSecond: z.number().describe('deliveries a second of all bots together'),
  basis: z
    .enum(['measured', 'pace'])
    .describe('`measured` over the last minute; `pace` where some bot sent too little of late to tell'),
});

export const broadcastReportSchema = broadcastSchema
  .extend({
    counts: broadcastCountsSchema,
    firstSendingAt: instant.nullable().describe('when the first message left'),
    lastSettledAt: instant.nullable(),
    latenessMs: z.int().nullable().describe('from the due instant to the first message'),
    restingBots: z
      .array(z.object({ botId: idSchema, until: instant }))
      .describe('bots that wait because Telegram asked them to; 1000 at most'),
    forecast: forecastSchema.nullable().describe('null while nothing is being sent'),
    sentPerSecond: z.number().nullable().describe('over the time from the first message to the last answer'),
  })
  .meta({ id: 'BroadcastReport' });
export type BroadcastView = z.output<typeof broadcastSchema>;
export type BroadcastReport = z.output<typeof broadcastReportSchema>;

const stateCounts = Object.fromEntries(DELIVERY_STATES.map((state) => [state, z.int()])) as Record<
  DeliveryState,
  z.ZodInt
>;
export const broadcastStatisticsSchema = z
  .object({
    latenessMs: z
      .object({ p50: z.int(), p90: z.int(), p99: z.int() })
      .nullable()
      .describe('from the due instant to the last try of each delivery; null while nothing left'),
    rate: z.object({
      startsAt: instant.nullable(),
      bucketSeconds: z.int().describe('width of a bucket; as small as 300 buckets allow'),
      sent: z.array(z.int()).max(MOST_BUCKETS).describe('messages sent, bucket by bucket'),
    }),
    bots: z
      .array(z.object({ botId: idSchema.nullable(), ...stateCounts }))
      .describe('those with the most deliveries first, 1000 at most'),
    botsLeftOut: z.int(),
  })
  .meta({ id: 'BroadcastStatistics' });

export const resendSchema = z
  .strictObject({
    states: z
      .array(z.enum(['failed', 'unknown']))
      .min(1)
      .max(2)
      .describe('`unknown` may have arrived: those people may get it twice'),
    reasons: z
      .array(reasonSchema)
      .min(1)
      .max(20)
      .optional()
      .describe('only those with one of these reasons; without it, all'),
  })
  .meta({ id: 'ResendBroadcast', examples: [{ states: ['failed'], reasons: ['no_rights'] }] });
export type Resend = z.infer<typeof resendSchema>;

export const resentSchema = z
  .object({
    resent: z
      .int()
      .describe('deliveries that are queued once more; those out of reach now are left as they are'),
    broadcast: broadcastReportSchema,
  })
  .meta({ id: 'ResentBroadcast' });
export type Resent = z.output<typeof resentSchema>;

export const broadcastPageSchema = pageSchemaOf(broadcastSchema, 'BroadcastPage');
export const broadcastQuerySchema = pageQuerySchema.extend({
  state: z.enum(BROADCAST_STATES).optional(),
  scheduleId: idSchema.optional(),
  sequenceId: idSchema.optional().describe('those of a sequence, which no other list has'),
  kind: z.enum(BROADCAST_KINDS).optional().describe('without it, all but tests'),
});
export type BroadcastQuery = z.infer<typeof broadcastQuerySchema>;

export const deliverySchema = z
  .object({
    chatId: idSchema.nullable().describe('null where the chat was erased since'),
    botId: idSchema.nullable(),
    telegramChatId: z.string().nullable(),
    state: z.enum(DELIVERY_STATES),
    reason: z.string().nullable(),
    attempts: z.int(),
    telegramMessageId: z.string().nullable(),
    sendingAt: instant.nullable(),
    settledAt: instant.nullable(),
  })
  .meta({ id: 'Delivery' });
export const deliveryPageSchema = pageSchemaOf(deliverySchema, 'DeliveryPage');
export const deliveryQuerySchema = pageQuerySchema.extend({
  state: z.enum(DELIVERY_STATES).optional(),
  botId: idSchema.optional(),
  reason: reasonSchema.optional().describe('as the report names it, such as `blocked`'),
});
export type DeliveryQuery = z.infer<typeof deliveryQuerySchema>;
export type DeliveryView = z.output<typeof deliverySchema>;
