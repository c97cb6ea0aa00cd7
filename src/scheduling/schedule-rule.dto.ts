import { z } from 'zod';
import { readDay, WEEKDAYS } from './rules/calendar-day.rules.js';
import { findCronProblem } from './rules/cron.rules.js';
import { LAST_YEAR } from './rules/recurrence.rules.js';
import { readRrule, RruleError } from './rules/rrule-text.rules.js';

const LONGEST_INTERVAL_SECONDS = 10 * 366 * 24 * 60 * 60;
const FIRST_YEAR = 1970;
const isKnownYear = (written: string): boolean => {
  const year = Number(written.slice(0, 4));
  return year >= FIRST_YEAR && year <= LAST_YEAR;
};
const outsideYears = `must lie from ${FIRST_YEAR} to ${LAST_YEAR}`;

export const writtenTimeSchema = z.iso
  .datetime({
    local: true,
    offset: true,
    abort: true,
    error: 'must be a date and time such as 2026-12-31T09:00, with an offset (…+01:00 or …Z) or without',
  })
  .max(40)
  .refine(isKnownYear, outsideYears);

export const writtenDaySchema = z.iso
  .date({ abort: true, error: 'must be a day such as 2026-12-31' })
  .refine(isKnownYear, outsideYears);

export const timeOfDaySchema = z
  .string()
  .max(8)
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, 'must be a time of the day such as 09:00 or 21:30:15');

export const weekdaysSchema = z.array(z.enum(WEEKDAYS)).min(1).max(WEEKDAYS.length);

const onceSchema = z
  .strictObject({
    kind: z.literal('once'),
    at: writtenTimeSchema.describe('local to the time zone, or with an offset'),
  })
  .meta({ id: 'OnceRule' });

const intervalSchema = z
  .strictObject({
    kind: z.literal('interval'),
    everySeconds: z.int().min(1).max(LONGEST_INTERVAL_SECONDS),
    startAt: writtenTimeSchema
      .optional()
      .describe('the first run, from which all others are counted; without it, one interval from now'),
    endAt: writtenTimeSchema.optional().describe('no run after this'),
  })
  .meta({ id: 'IntervalRule' });

const calendarSchema = z
  .strictObject({
    kind: z.literal('calendar'),
    unit: z.enum(['day', 'week', 'month', 'year']),
    every: z.int().min(1).max(1000).optional().describe('every so many of the unit; without it, every one'),
    times: z
      .array(timeOfDaySchema)
      .min(1)
      .max(24)
      .describe('times of the day on the clocks of the zone; one or several'),
    weekdays: weekdaysSchema
      .optional()
      .describe('only with unit week; without it, the weekday of the first day'),
    startOn: writtenDaySchema
      .optional()
      .describe(
        'the first day, from which all others are counted; without it, today. A day of the month that a shorter month lacks means its last',
      ),
  })
  .refine((rule) => rule.weekdays === undefined || rule.unit === 'week', {
    path: ['weekdays'],
    error: 'go with unit week alone',
  })
  .meta({
    id: 'CalendarRule',
    examples: [
      { kind: 'calendar', unit: 'week', every: 2, weekdays: ['MO', 'TH'], times: ['09:00', '18:30'] },
    ],
  });

const rruleSchema = z
  .strictObject({
    kind: z.literal('rrule'),
    rule: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .check((context) => {
        try {
          readRrule(context.value, readDay('2026-01-01'));
        } catch (error) {
          if (!(error instanceof RruleError)) throw error;
          context.issues.push({ code: 'custom', message: error.message, input: context.value });
        }
      })
      .describe('the value of an RRULE of RFC 5545, from FREQ=MINUTELY to FREQ=YEARLY'),
    startAt: writtenTimeSchema
      .optional()
      .describe('DTSTART: the first time, from which all are counted; without it, the coming full minute'),
  })
  .meta({
    id: 'RecurrenceRule',
    examples: [{ kind: 'rrule', rule: 'FREQ=MONTHLY;BYDAY=2TU;BYHOUR=9;BYMINUTE=0' }],
  });

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
  .discriminatedUnion('kind', [onceSchema, intervalSchema, calendarSchema, cronSchema, rruleSchema])
  .meta({ id: 'ScheduleRule', examples: [{ kind: 'cron', expression: '0 9 * * MON-FRI' }] });
export type ScheduleRule = z.infer<typeof scheduleRuleSchema>;
export type RuleOf<Kind extends ScheduleRule['kind']> = Extract<ScheduleRule, { kind: Kind }>;

/** The hours in which a rule may run at all; what it would do outside them it doesn't do. */
export const withinSchema = z
  .strictObject({
    from: timeOfDaySchema.describe('the first time of the day, itself allowed'),
    to: timeOfDaySchema.describe('the end, itself not allowed; before `from`, it is one of the next day'),
    weekdays: weekdaysSchema.optional().describe('on which the hours begin; without it, every day'),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], error: 'must differ from `from`' })
  .meta({
    id: 'Within',
    examples: [{ from: '08:00', to: '20:00', weekdays: ['MO', 'TU', 'WE', 'TH', 'FR'] }],
  });
export type Within = z.infer<typeof withinSchema>;
