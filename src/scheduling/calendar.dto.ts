import { z } from 'zod';
import { idSchema } from '../platform/identity/index.js';
import { previewedRunSchema } from './schedule.dto.js';

export const LONGEST_CALENDAR_DAYS = 366;
export const USUAL_CALENDAR_DAYS = 31;

const instant = z.iso
  .datetime({ offset: true, error: 'must be an instant such as 2026-12-01T00:00:00Z' })
  .max(40);

export const calendarQuerySchema = z.strictObject({
  from: instant.optional().describe('the first instant of the calendar; without it, now'),
  to: instant
    .optional()
    .describe(
      `the last one, at most ${LONGEST_CALENDAR_DAYS} days later; without it, ${USUAL_CALENDAR_DAYS} days`,
    ),
  limit: z.coerce.number().int().min(1).max(1000).default(500).describe('most due times'),
});
export type CalendarQuery = z.output<typeof calendarQuerySchema>;

export const calendarSchema = z
  .object({
    runs: z.array(
      previewedRunSchema.extend({ scheduleId: idSchema, name: z.string(), timeZone: z.string() }),
    ),
    completeUntil: z.iso
      .datetime()
      .describe(
        'no due time up to here is missing; before `to` where there are more than fit: ask on from here',
      ),
  })
  .meta({ id: 'Calendar' });
export type CalendarView = z.output<typeof calendarSchema>;

export const calendarFeedSchema = z
  .object({ createdAt: z.iso.datetime().nullable().describe('null where there is no feed') })
  .meta({ id: 'CalendarFeed' });
export type CalendarFeedView = z.output<typeof calendarFeedSchema>;

export const newCalendarFeedSchema = z
  .object({
    path: z
      .string()
      .describe('address of the feed on this server; whoever knows it reads the calendar. Shown this once'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'NewCalendarFeed' });
export type NewCalendarFeed = z.output<typeof newCalendarFeedSchema>;

export const feedFileSchema = z
  .string()
  .max(64)
  .regex(/^[\w-]{43}\.ics$/, 'must be the address that was shown when the feed was made');
