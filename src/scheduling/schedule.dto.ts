import { z } from 'zod';
import { audienceSchema, LOCAL_TIMES } from '../audience/index.js';
import { followUpChoice, followUpSchema, messageChoice, PIN_WAYS } from '../delivery/index.js';
import { lineOfTextSchema, pageQuerySchema, pageSchemaOf } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { languageSchema, timeZoneSchema } from '../tenants/index.js';
import {
  DEFAULT_GRACE_SECONDS,
  MISSED_POLICIES,
  MOST_MADE_UP,
  PUNCTUAL_SECONDS,
} from './rules/missed-runs.rules.js';
import {
  scheduleRuleSchema,
  withinSchema,
  writtenDaySchema,
  writtenTimeSchema,
} from './schedule-rule.dto.js';
import { changeStackSchema, stackSchema } from './stack.dto.js';

export const OVERLAP_POLICIES = ['wait', 'skip', 'parallel'] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

const LONGEST_GRACE_SECONDS = 7 * 24 * 60 * 60;

/** What decides when a schedule is due. */
const timingFields = {
  rule: scheduleRuleSchema,
  timeZone: timeZoneSchema.optional().describe("for local times and cron; without it, the tenant's"),
  localTimeOf: z
    .enum(['tenant', ...LOCAL_TIMES])
    .optional()
    .describe(
      "whose local time: tenant (the zone of `timeZone`, the usual), bot (each bot's zone, else the tenant's), chat (each chat's own zone, else its bot's, else the tenant's): then there is a run for each zone, with a broadcast to the chats that live in it",
    ),
  endsAt: writtenTimeSchema
    .nullable()
    .optional()
    .describe(
      "no run after this; local to the time zone (the tenant's, where there are many), or with an offset",
    ),
  exceptDates: z
    .array(writtenDaySchema)
    .min(1)
    .max(366)
    .nullable()
    .optional()
    .describe("days on the zone's clocks without a run"),
  within: withinSchema.nullable().optional().describe('only runs within these hours'),
};

const policyFields = {
  maxRuns: z
    .int()
    .min(1)
    .max(1_000_000)
    .nullable()
    .optional()
    .describe('ends after so many runs that were let start; without it, it has no such end'),
  missedPolicy: z
    .enum(MISSED_POLICIES)
    .optional()
    .describe(
      `what becomes of runs that were missed while the installation stood still or the schedule was paused: skip (none is made up), latest (the last one, the usual), all (the last ${MOST_MADE_UP} at most); only within the grace`,
    ),
  graceSeconds: z
    .int()
    .min(PUNCTUAL_SECONDS)
    .max(LONGEST_GRACE_SECONDS)
    .optional()
    .describe(`how late a run may still start; usually ${DEFAULT_GRACE_SECONDS}`),
  overlapPolicy: z
    .enum(OVERLAP_POLICIES)
    .optional()
    .describe(
      'when its last broadcast is still going on: wait (start after it, within the grace), skip, parallel (start beside it, the usual)',
    ),
};

const fields = {
  name: lineOfTextSchema(100),
  ...messageChoice,
  audience: audienceSchema,
  ...timingFields,
  ...policyFields,
  ...followUpChoice,
};

interface GivenMessage {
  readonly message?: unknown;
  readonly messageId?: unknown;
  readonly stack?: unknown;
}
const countMessages = ({ message, messageId, stack }: GivenMessage): number =>
  [message, messageId, stack].filter((one) => one !== undefined).length;

export const createScheduleSchema = z
  .strictObject({
    ...fields,
    stack: stackSchema
      .optional()
      .describe('messages of which each run sends the next one; instead of one message, in one zone'),
  })
  .refine((input) => countMessages(input) === 1, {
    path: ['message'],
    error: 'A schedule has one of message, messageId and stack.',
  })
  .meta({
    id: 'CreateSchedule',
    examples: [
      {
        name: 'Weekday greeting',
        message: { kind: 'text', text: 'Good morning, {{first_name|friend}}!' },
        audience: { to: 'everybody' },
        rule: { kind: 'cron', expression: '0 9 * * MON-FRI' },
        timeZone: 'America/Sao_Paulo',
      },
    ],
  });
export type CreateSchedule = z.infer<typeof createScheduleSchema>;

export const changeScheduleSchema = z
  .strictObject({
    ...fields,
    stack: changeStackSchema.describe('messages take the place of what the schedule sends now'),
  })
  .partial()
  .refine((input) => Object.keys(input).length > 0, { error: 'Name at least one field to change.' })
  .refine((input) => countMessages(input) <= 1, {
    path: ['message'],
    error: 'A schedule has one of message, messageId and stack.',
  })
  .meta({ id: 'ChangeSchedule', examples: [{ rule: { kind: 'cron', expression: '30 8 * * MON-FRI' } }] });
export type ChangeSchedule = z.infer<typeof changeScheduleSchema>;

export const SCHEDULE_STATES = ['active', 'paused', 'ended', 'awaiting_approval'] as const;
export type ScheduleState = (typeof SCHEDULE_STATES)[number];

export const scheduleSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    messageId: idSchema.nullable().describe('null where it has a stack'),
    stack: z
      .object({ recycle: z.boolean() })
      .nullable()
      .describe('given where each run sends the next message of GET /schedules/{id}/stack'),
    audience: audienceSchema,
    rule: scheduleRuleSchema,
    timeZone: z.string(),
    localTimeOf: z.enum(['tenant', ...LOCAL_TIMES]),
    zones: z
      .array(
        z.object({
          timeZone: z.string(),
          nextRunAt: z.iso.datetime().nullable().describe('null where no run is left'),
          runs: z.int().describe('how many runs were let start in this zone; `maxRuns` counts these'),
        }),
      )
      .nullable()
      .describe('where it stands in each zone, the soonest first; null for one zone'),
    endsAt: z.iso.datetime().nullable(),
    exceptDates: z.array(z.iso.date()).nullable(),
    within: withinSchema.nullable(),
    maxRuns: z.int().nullable(),
    runs: z.int().describe('how many runs were let start since its rule was last changed'),
    missedPolicy: z.enum(MISSED_POLICIES),
    graceSeconds: z.int(),
    overlapPolicy: z.enum(OVERLAP_POLICIES),
    pin: z.enum(PIN_WAYS).nullable(),
    deletePrevious: z.boolean(),
    deleteAfterSeconds: z.int().nullable(),
    state: z.enum(SCHEDULE_STATES),
    reason: z
      .string()
      .nullable()
      .describe('why it ended: completed (no run is left), or unreadable_rule (change the rule)'),
    refusal: z.string().nullable().describe('why an admin refused it, until it is changed'),
    nextRunAt: z.iso.datetime().nullable(),
    lastRunAt: z.iso.datetime().nullable().describe('due time of the last run that started'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Schedule' });
export type ScheduleView = z.output<typeof scheduleSchema>;
export const schedulePageSchema = pageSchemaOf(scheduleSchema, 'SchedulePage');
export const scheduleQuerySchema = pageQuerySchema.extend({
  state: z.enum(SCHEDULE_STATES).optional().describe('only schedules in this state; without it, all'),
});
export type ScheduleQuery = z.output<typeof scheduleQuerySchema>;

export const OCCURRENCE_STATES = ['waiting', 'started', 'skipped', 'failed'] as const;
export const occurrenceSchema = z
  .object({
    id: idSchema,
    dueAt: z.iso.datetime(),
    timeZone: z.string().nullable().describe('of the chats that it is for; null for all'),
    state: z.enum(OCCURRENCE_STATES),
    reason: z
      .string()
      .nullable()
      .describe(
        'why it did not run, or waited: missed (later than the grace), overtaken (a later run was due already and ran in its place), previous_running (its last broadcast was still going on), quiet_hours, paused, awaiting_approval, tenant_suspended, no_chats (nobody of the audience lives in the zone), stack_empty (no message was left in its stack), could_not_start (a fault of ours that lasted an hour)',
      ),
    broadcastId: idSchema.nullable(),
    followUps: z
      .array(followUpSchema)
      .describe('what is done, or was, with its messages after they were sent'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Occurrence' });
export type OccurrenceView = z.output<typeof occurrenceSchema>;
export const occurrencePageSchema = pageSchemaOf(occurrenceSchema, 'OccurrencePage');

const runCount = z.coerce.number().int().min(1).max(100).default(10);
export const previewQuerySchema = z.strictObject({
  count: runCount.describe('how many due times'),
  language: languageSchema.optional().describe("of the sentence; without it, the tenant's"),
});
export type PreviewQuery = z.infer<typeof previewQuerySchema>;

export const previewRuleSchema = z
  .strictObject({
    ...timingFields,
    audience: audienceSchema
      .optional()
      .describe('whose zones are shown where `localTimeOf` is bot or chat; without it, everybody'),
    count: z.int().min(1).max(100).default(10),
    language: languageSchema.optional().describe("of the sentence; without it, the tenant's"),
  })
  .meta({
    id: 'PreviewRule',
    examples: [{ rule: { kind: 'cron', expression: '0 9 * * MON-FRI' }, timeZone: 'Europe/Lisbon' }],
  });
export type PreviewRule = z.infer<typeof previewRuleSchema>;

const oddity = z
  .discriminatedUnion('kind', [
    z
      .object({ kind: z.literal('skipped_time'), askedTime: z.string() })
      .describe('clocks skip the time that was asked for; this is the first instant after the gap'),
    z
      .object({ kind: z.literal('doubled_time'), pass: z.enum(['first', 'second']) })
      .describe('clocks show this time twice that day'),
  ])
  .nullable()
  .describe('what daylight saving does to it; usually null');

export const previewedRunSchema = z.object({
  dueAt: z.iso.datetime(),
  localTime: z.string().describe('as clocks in the zone show it, such as 2026-03-29T09:00:00'),
  offset: z.string().describe('of those clocks, such as +01:00'),
  oddity,
});

export const runPreviewSchema = z
  .object({
    timeZone: z.string(),
    sentence: z.string().describe('the rule in plain words'),
    runs: z
      .array(previewedRunSchema.extend({ timeZone: z.string() }))
      .describe('the next ones, of all zones together'),
    zones: z
      .array(z.object({ timeZone: z.string(), runs: z.array(previewedRunSchema) }))
      .nullable()
      .describe('the next ones of each zone; null for one zone'),
  })
  .meta({ id: 'RunPreview' });
export type RunPreview = z.output<typeof runPreviewSchema>;
