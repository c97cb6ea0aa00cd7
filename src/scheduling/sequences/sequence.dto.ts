import { z } from 'zod';
import { messageChoice } from '../../delivery/index.js';
import { lineOfTextSchema, pageQuerySchema, pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';
import { timeZoneSchema } from '../../tenants/index.js';
import { timeOfDaySchema } from '../schedule-rule.dto.js';
import { DEFAULT_SEQUENCE_GRACE_SECONDS, ENROLLMENT_STATES } from './sequence.rules.js';

const DAY_SECONDS = 24 * 60 * 60;
const LONGEST_DAYS = 730;
const MOST_STEPS = 50;

const delayFields = {
  afterSeconds: z
    .int()
    .min(0)
    .max(LONGEST_DAYS * DAY_SECONDS)
    .optional()
    .describe('after the event; from an hour on it is due at the next full minute'),
  afterDays: z
    .int()
    .min(0)
    .max(LONGEST_DAYS)
    .optional()
    .describe("days after the event, on the person's own clocks"),
  at: timeOfDaySchema
    .optional()
    .describe(
      "only with afterDays: the time of day on the person's own clocks; without it, that of the event",
    ),
};
type Delay = { afterSeconds?: number | undefined; afterDays?: number | undefined; at?: string | undefined };

const HAS_ONE_DELAY = {
  path: ['afterSeconds'],
  error: 'A step has either afterSeconds or afterDays.',
};
const hasOneDelay = (step: Delay): boolean =>
  (step.afterSeconds === undefined) !== (step.afterDays === undefined);
const AT_GOES_WITH_DAYS = { path: ['at'], error: 'goes with afterDays alone' };
const goesWithDays = (step: Delay): boolean => step.at === undefined || step.afterDays !== undefined;

const newStepSchema = z
  .strictObject({ ...delayFields, ...messageChoice })
  .refine(hasOneDelay, HAS_ONE_DELAY)
  .refine(goesWithDays, AT_GOES_WITH_DAYS)
  .refine((step) => (step.message === undefined) !== (step.messageId === undefined), {
    path: ['message'],
    error: 'A step has either message or messageId.',
  })
  .meta({ id: 'NewStep' });

const changedStepSchema = z
  .strictObject({
    id: idSchema.optional().describe('of a step that stays; without it, the step is new'),
    ...delayFields,
    ...messageChoice,
  })
  .refine(hasOneDelay, HAS_ONE_DELAY)
  .refine(goesWithDays, AT_GOES_WITH_DAYS)
  .refine((step) => step.message === undefined || step.messageId === undefined, {
    path: ['message'],
    error: 'A step has either message or messageId.',
  })
  .refine((step) => step.id !== undefined || step.message !== undefined || step.messageId !== undefined, {
    path: ['message'],
    error: 'A new step has a message.',
  })
  .meta({ id: 'ChangedStep' });
export type GivenStep = z.output<typeof changedStepSchema>;

/** Claims that no step lies before the one above it. */
const areInOrder = (steps: readonly Delay[] | undefined): boolean => {
  const seconds = (steps ?? []).map((step) => step.afterSeconds ?? (step.afterDays ?? 0) * DAY_SECONDS);
  return seconds.every((one, n) => n === 0 || one >= (seconds[n - 1] ?? 0));
};
const IN_ORDER = { path: ['steps'], error: 'Steps stand in the order in which they are due.' };

const fields = {
  name: lineOfTextSchema(100),
  botIds: z
    .array(idSchema)
    .min(1)
    .max(100)
    .refine((ids) => new Set(ids).size === ids.length, 'name each bot once')
    .describe('bots at which people press Start'),
  again: z
    .boolean()
    .describe('whether it begins anew for somebody who presses Start once more; usually once a person'),
  graceSeconds: z
    .int()
    .min(60)
    .max(30 * DAY_SECONDS)
    .describe(`how late a step may still go out; usually ${DEFAULT_SEQUENCE_GRACE_SECONDS}, a day`),
};

export const createSequenceSchema = z
  .strictObject({
    ...fields,
    event: z.enum(['started']).default('started').describe('started: a person pressed Start'),
    again: fields.again.default(false),
    graceSeconds: fields.graceSeconds.default(DEFAULT_SEQUENCE_GRACE_SECONDS),
    steps: z.array(newStepSchema).min(1).max(MOST_STEPS),
  })
  .refine(({ steps }) => areInOrder(steps), IN_ORDER)
  .meta({
    id: 'CreateSequence',
    examples: [
      {
        name: 'Welcome',
        botIds: ['019aaaaa-0000-7000-8000-000000000001'],
        steps: [
          { afterSeconds: 60, message: { kind: 'text', text: 'Welcome, {{first_name|friend}}!' } },
          { afterDays: 3, at: '09:00', message: { kind: 'text', text: 'How do you like it?' } },
        ],
      },
    ],
  });
export type CreateSequence = z.output<typeof createSequenceSchema>;

export const changeSequenceSchema = z
  .strictObject({
    name: fields.name.exactOptional(),
    botIds: fields.botIds.exactOptional(),
    again: fields.again.exactOptional(),
    graceSeconds: fields.graceSeconds.exactOptional(),
    steps: z
      .array(changedStepSchema)
      .min(1)
      .max(MOST_STEPS)
      .exactOptional()
      .describe(
        'all steps as they shall be; nobody gets a step that is behind them, and who waits for one that is gone waits for what follows',
      ),
  })
  .refine((change) => Object.keys(change).length > 0, { error: 'Name at least one field to change.' })
  .refine(({ steps }) => areInOrder(steps), IN_ORDER)
  .meta({ id: 'ChangeSequence', minProperties: 1, examples: [{ name: 'Welcome, all' }] });
export type ChangeSequence = z.output<typeof changeSequenceSchema>;

const stepSchema = z.object({
  id: idSchema,
  afterSeconds: z.int().nullable(),
  afterDays: z.int().nullable(),
  at: z.string().nullable(),
  messageId: idSchema,
});

export const sequenceSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    botIds: z.array(idSchema),
    event: z.enum(['started']),
    again: z.boolean(),
    graceSeconds: z.int(),
    state: z.enum(['active', 'paused']),
    steps: z.array(stepSchema),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Sequence' });
export type SequenceView = z.output<typeof sequenceSchema>;
export const sequencePageSchema = pageSchemaOf(sequenceSchema, 'SequencePage');

export const sequenceReportSchema = z
  .object({
    enrolled: z.int().describe('everybody who is in it or ever was, but for those who were erased'),
    finished: z.int(),
    left: z.int().describe('who wrote /stop on the way, or was out of reach when a step was due'),
    steps: z.array(
      z.object({
        stepId: idSchema,
        waiting: z.int().describe('who waits for it'),
        sent: z
          .int()
          .describe('to so many it went out; what became of it is in the reports of its broadcasts'),
        missed: z.int().describe('for so many it was later than the grace'),
        skipped: z.int().describe('left out in quiet hours, or beyond the plan'),
        left: z.int().describe('who left while they waited for it'),
      }),
    ),
  })
  .meta({ id: 'SequenceReport' });
export type SequenceReport = z.output<typeof sequenceReportSchema>;

export const stepRunSchema = z
  .object({
    id: idSchema,
    stepId: idSchema.nullable().describe('null where the step is gone'),
    dueAt: z.iso.datetime().describe('of the one who waited longest'),
    chats: z.int(),
    state: z.enum(['started', 'skipped']),
    reason: z.string().nullable().describe('why it did not go out: missed, quiet_hours, quota_exceeded'),
    broadcastId: idSchema.nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'StepRun' });
export type StepRunView = z.output<typeof stepRunSchema>;
export const stepRunPageSchema = pageSchemaOf(stepRunSchema, 'StepRunPage');

export const enrollmentSchema = z
  .object({
    chatId: idSchema,
    state: z.enum(ENROLLMENT_STATES),
    stepId: idSchema.nullable().describe('the step that comes next, or would have; null behind the last'),
    enrolledAt: z.iso.datetime(),
    dueAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Enrollment' });
export type EnrollmentView = z.output<typeof enrollmentSchema>;
export const enrollmentPageSchema = pageSchemaOf(enrollmentSchema, 'EnrollmentPage');
export const enrollmentQuerySchema = pageQuerySchema.extend({
  stepId: idSchema.optional().describe('only those for whom this step comes next'),
  state: z.enum(ENROLLMENT_STATES).optional(),
});
export type EnrollmentQuery = z.output<typeof enrollmentQuerySchema>;

export const sequencePreviewQuerySchema = z.strictObject({
  timeZone: timeZoneSchema.optional().describe("where the person lives; without it, the tenant's zone"),
});
export type SequencePreviewQuery = z.output<typeof sequencePreviewQuerySchema>;

export const sequencePreviewSchema = z
  .object({
    timeZone: z.string(),
    steps: z.array(
      z.object({
        stepId: idSchema,
        dueAt: z.iso.datetime(),
        localTime: z.string().describe("as the person's clocks show it"),
        offset: z.string(),
        heldUntil: z.iso.datetime().nullable().describe('the end of the quiet hours in which it is due'),
        isSkipped: z.boolean().describe('whether quiet hours leave it out'),
      }),
    ),
  })
  .meta({ id: 'SequencePreview' });
export type SequencePreview = z.output<typeof sequencePreviewSchema>;
