import { z } from 'zod';
import { findCronProblem } from './cron.rules.js';

const LONGEST_INTERVAL_SECONDS = 10 * 366 * 24 * 60 * 60;

const writtenTime = z.iso
  .datetime({
    local: true,
    offset: true,
    error: 'must be a date and time such as 2026-12-31T09:00, with an offset (…+01:00 or …Z) or without',
  })
  .max(40);

const onceSchema = z
  .strictObject({
    kind: z.literal('once'),
    at: writtenTime.describe('local to the time zone, or with an offset'),
  })
  .meta({ id: 'OnceRule' });

const intervalSchema = z
  .strictObject({
    kind: z.literal('interval'),
    everySeconds: z.int().min(1).max(LONGEST_INTERVAL_SECONDS),
    startAt: writtenTime
      .optional()
      .describe('the first run, from which all others are counted; without it, one interval from now'),
    endAt: writtenTime.optional().describe('no run after this'),
  })
  .meta({ id: 'IntervalRule' });

const cronSchema = z
  .strictObject({
    kind: z.literal('cron'),
    expression: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .check((context) => {
        const problem = findCronProblem(context.value);
        if (problem) context.issues.push({ code: 'custom', message: problem, input: context.value });
      })
      .describe('minute hour day month weekday, with seconds before them where there are six fields'),
  })
  .meta({ id: 'CronRule' });

/** When a schedule is due. */
export const scheduleRuleSchema = z
  .discriminatedUnion('kind', [onceSchema, intervalSchema, cronSchema])
  .meta({ id: 'ScheduleRule', examples: [{ kind: 'cron', expression: '0 9 * * MON-FRI' }] });
export type ScheduleRule = z.infer<typeof scheduleRuleSchema>;
