import { z } from 'zod';
import { audienceSchema } from '../audience/index.js';
import { messageChoice } from '../delivery/index.js';
import { lineOfTextSchema, pageQuerySchema, pageSchemaOf } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { timeZoneSchema } from '../tenants/index.js';
import { scheduleRuleSchema } from './schedule-rule.dto.js';

const fields = {
  name: lineOfTextSchema(100),
  ...messageChoice,
  audience: audienceSchema,
  rule: scheduleRuleSchema,
  timeZone: timeZoneSchema.optional().describe("for local times and cron; without it, the tenant's"),
};

export const createScheduleSchema = z
  .strictObject(fields)
  .refine((input) => (input.message === undefined) !== (input.messageId === undefined), {
    path: ['message'],
    error: 'A schedule has either message or messageId.',
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
  .strictObject(fields)
  .partial()
  .refine((input) => Object.keys(input).length > 0, { error: 'Name at least one field to change.' })
  .refine((input) => input.message === undefined || input.messageId === undefined, {
    path: ['message'],
    error: 'A schedule has either message or messageId.',
  })
  .meta({ id: 'ChangeSchedule', examples: [{ rule: { kind: 'cron', expression: '30 8 * * MON-FRI' } }] });
export type ChangeSchedule = z.infer<typeof changeScheduleSchema>;

export const SCHEDULE_STATES = ['active', 'paused', 'ended'] as const;
export type ScheduleState = (typeof SCHEDULE_STATES)[number];

export const scheduleSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    messageId: idSchema,
    audience: audienceSchema,
    rule: scheduleRuleSchema,
    timeZone: z.string(),
    state: z.enum(SCHEDULE_STATES),
    reason: z
      .string()
      .nullable()
      .describe('why it ended: completed (no run is left), or unreadable_rule (change the rule)'),
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
    state: z.enum(OCCURRENCE_STATES),
    reason: z
      .string()
      .nullable()
      .describe(
        'why it did not run: missed (over an hour late), overtaken (a later run was due already and ran in its place), tenant_suspended, could_not_start (a fault of ours that lasted an hour)',
      ),
    broadcastId: idSchema.nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Occurrence' });
export type OccurrenceView = z.output<typeof occurrenceSchema>;
export const occurrencePageSchema = pageSchemaOf(occurrenceSchema, 'OccurrencePage');

const runCount = z.coerce.number().int().min(1).max(100).default(10);
export const previewQuerySchema = z.strictObject({ count: runCount.describe('how many due times') });
export type PreviewQuery = z.infer<typeof previewQuerySchema>;

export const previewRuleSchema = z
  .strictObject({
    rule: scheduleRuleSchema,
    timeZone: fields.timeZone,
    count: z.int().min(1).max(100).default(10),
  })
  .meta({
    id: 'PreviewRule',
    examples: [{ rule: { kind: 'cron', expression: '0 9 * * MON-FRI' }, timeZone: 'Europe/Lisbon' }],
  });
export type PreviewRule = z.infer<typeof previewRuleSchema>;

export const runPreviewSchema = z
  .object({
    timeZone: z.string(),
    runs: z.array(
      z.object({
        dueAt: z.iso.datetime(),
        localTime: z.string().describe('as clocks in the zone show it, such as 2026-03-29T09:00:00'),
        offset: z.string().describe('of those clocks, such as +01:00'),
      }),
    ),
  })
  .meta({ id: 'RunPreview' });
export type RunPreview = z.output<typeof runPreviewSchema>;
