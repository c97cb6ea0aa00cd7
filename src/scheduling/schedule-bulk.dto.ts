import { z } from 'zod';
import { pageQuerySchema, textSchema } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { createScheduleSchema, scheduleSchema } from './schedule.dto.js';
import { stackSchema } from './stack.dto.js';

const MOST_AT_ONCE = 500;
/** What a request of a mebibyte holds. */
const MOST_IMPORTED = 1_000;
const LONGEST_SHIFT_SECONDS = 366 * 24 * 60 * 60;
const EXAMPLE = `name,message,audience,rule
Greeting,"{""kind"":""text"",""text"":""Hello""}","{""to"":""everybody""}","{""kind"":""cron"",""expression"":""0 9 * * *""}"
`;
const ids = z.array(idSchema).min(1).max(MOST_AT_ONCE);

export const bulkChangeSchema = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('pause'), ids }),
    z.strictObject({ action: z.literal('resume'), ids }),
    z.strictObject({ action: z.literal('delete'), ids }),
    z.strictObject({
      action: z.literal('shift'),
      ids,
      seconds: z
        .int()
        .min(-LONGEST_SHIFT_SECONDS)
        .max(LONGEST_SHIFT_SECONDS)
        .refine((seconds) => seconds !== 0, 'must not be 0')
        .describe(
          'later by so many, negative: earlier. Times of the calendar stay within their days; lines that name their times (cron, BYHOUR) are not shifted',
        ),
    }),
  ])
  .meta({ id: 'BulkChange', examples: [{ action: 'pause', ids: ['019aaaaa-0000-7000-8000-000000000001'] }] });
export type BulkChange = z.output<typeof bulkChangeSchema>;

export const bulkResultSchema = z
  .object({
    results: z.array(
      z.object({
        isDone: z.boolean(),
        problem: z
          .string()
          .nullable()
          .describe('why nothing was done; null where it was. In the order of the ids'),
      }),
    ),
  })
  .meta({ id: 'BulkResult' });
export type BulkResult = z.output<typeof bulkResultSchema>;

export const importSchedulesSchema = z
  .strictObject({ schedules: z.array(createScheduleSchema).min(1).max(MOST_IMPORTED) })
  .meta({ id: 'ImportSchedules' });
export type ImportSchedules = z.output<typeof importSchedulesSchema>;

export const importCsvSchema = z
  .strictObject({
    csv: textSchema(1, 900_000).describe(
      `the text of a file as GET /schedules/export.csv gives it, with at most ${MOST_IMPORTED} rows`,
    ),
  })
  .meta({ id: 'ImportCsv', examples: [{ csv: EXAMPLE }] });
export type ImportCsv = z.output<typeof importCsvSchema>;

export const importResultSchema = z
  .object({ ids: z.array(idSchema).describe('of the new schedules, in the order of the import') })
  .meta({ id: 'ImportResult' });
export type ImportResult = z.output<typeof importResultSchema>;

export const exportQuerySchema = pageQuerySchema.extend({
  limit: z.coerce.number().int().min(1).max(MOST_IMPORTED).default(MOST_AT_ONCE),
});

const exportedScheduleSchema = scheduleSchema
  .pick({ name: true, audience: true, rule: true })
  .extend({ messageId: idSchema.optional(), stack: stackSchema.optional() })
  .extend(
    scheduleSchema
      .pick({
        timeZone: true,
        localTimeOf: true,
        missedPolicy: true,
        graceSeconds: true,
        overlapPolicy: true,
        pin: true,
        deletePrevious: true,
        deleteAfterSeconds: true,
      })
      .partial().shape,
  )
  .extend(
    scheduleSchema.pick({ endsAt: true, exceptDates: true, within: true, maxRuns: true }).partial().shape,
  );
export type ExportedSchedule = z.output<typeof exportedScheduleSchema>;

/** As POST /schedules/import takes them. */
export const schedulesExportSchema = z
  .object({ schedules: z.array(exportedScheduleSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'SchedulesExport' });
export type SchedulesExport = z.output<typeof schedulesExportSchema>;
