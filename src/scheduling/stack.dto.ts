import { z } from 'zod';
import { messageChoice } from '../delivery/index.js';
import { idSchema } from '../platform/identity/index.js';

/** Messages that one schedule can have waiting: a daily one for more than a year. */
export const MOST_STACKED = 500;
/** What a request of a mebibyte holds. */
const MOST_AT_ONCE = 100;

const stackedMessageSchema = z
  .strictObject(messageChoice)
  .refine(({ message, messageId }) => (message === undefined) !== (messageId === undefined), {
    path: ['message'],
    error: 'Give either messageId or message.',
  });
export type StackedMessage = z.infer<typeof stackedMessageSchema>;

const messages = z
  .array(stackedMessageSchema)
  .min(0)
  .max(MOST_STACKED)
  .describe('the first is the next to be sent');
const recycle = z
  .boolean()
  .optional()
  .describe(
    'what was sent goes back to the end; without it, it leaves, and a run that finds nothing is left out (stack_empty)',
  );

/** Messages of which each run sends the next one. */
export const stackSchema = z.strictObject({ messages, recycle }).meta({ id: 'CreateStack' });

export const changeStackSchema = z
  .strictObject({ messages: messages.optional(), recycle })
  .refine((input) => Object.keys(input).length > 0, { error: 'Name messages or recycle.' })
  .meta({ id: 'ChangeStack' });
export type ChangeStack = z.infer<typeof changeStackSchema>;

export const addToStackSchema = z
  .strictObject({
    messages: z.array(stackedMessageSchema).min(1).max(MOST_AT_ONCE),
    first: z.boolean().default(false).describe('ahead of those that wait; without it, behind them'),
  })
  .meta({
    id: 'AddToStack',
    examples: [{ messages: [{ message: { kind: 'text', text: 'Did you know?' } }] }],
  });
export type AddToStack = z.infer<typeof addToStackSchema>;

export const orderStackSchema = z
  .strictObject({
    ids: z.array(idSchema).min(1).max(MOST_STACKED).describe('all of them, in their new order'),
  })
  .meta({ id: 'OrderStack', examples: [{ ids: ['019aaaaa-0000-7000-8000-000000000001'] }] });
export type OrderStack = z.infer<typeof orderStackSchema>;

export const stackViewSchema = z
  .object({
    recycle: z.boolean(),
    messages: z
      .array(z.object({ id: idSchema, messageId: idSchema }))
      .describe('the first is the next to be sent'),
  })
  .meta({ id: 'Stack' });
export type StackView = z.output<typeof stackViewSchema>;
