import { Injectable } from '@nestjs/common';
import { type z } from 'zod';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, invalidField, ProblemError } from '../platform/errors/index.js';
import { idBefore, type IdempotentRequest, type PageQuery, pageOf } from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import { CsvError, readCsv, writeCsv } from './rules/schedule-csv.rules.js';
import {
  type BulkChange,
  type BulkResult,
  type ExportedSchedule,
  type ImportResult,
  importSchedulesSchema,
  type SchedulesExport,
} from './schedule-bulk.dto.js';
import { ScheduleCreation } from './schedule-creation.service.js';
import { ScheduleService } from './schedule.service.js';
import { type ScheduleRow, SchedulesRepository } from './schedules.repository.js';
import { type StackRow, StacksRepository } from './stacks.repository.js';

/** Of a tenant with more, programs take the pages of the JSON export. */
const MOST_CSV_ROWS = 10_000;

/** Many schedules at once: changes, and files in and out. */
@Injectable()
export class ScheduleBulkService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly schedules: ScheduleService,
    private readonly creation: ScheduleCreation,
    private readonly repository: SchedulesRepository,
    private readonly stacks: StacksRepository,
  ) {}

  /** Each for itself: what can't be done to one is said of it, and the others are done. */
  async change(caller: Caller, change: BulkChange): Promise<BulkResult> {
    const results: BulkResult['results'] = [];
    for (const id of change.ids) {
      try {
        await this.changeOne(caller, id, change);
        results.push({ isDone: true, problem: null });
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        results.push({ isDone: false, problem: error.detail });
      }
    }
    return { results };
  }

  importCsv(caller: Caller, idempotent: IdempotentRequest, csv: string): Promise<ImportResult> {
    const read = importSchedulesSchema.safeParse({ schedules: readRows(csv) });
    if (!read.success) throw toProblem(read.error);
    return this.creation.createMany(caller, idempotent, read.data.schedules);
  }

  /** Newest first. */
  async export(caller: Caller, query: PageQuery): Promise<SchedulesExport> {
    const { rows, stacked } = await this.database.run(caller.tenantId, async (manager) => {
      const rows = await this.repository.findPage(manager, idBefore(query), query.limit + 1, undefined);
      const ids = rows.filter(({ recycles }) => recycles !== null).map(({ id }) => id);
      return { rows, stacked: ids.length > 0 ? await this.stacks.findAll(manager, ids) : [] };
    });
    const messagesOf = new Map<string, StackRow[]>();
    for (const one of stacked) {
      const known = messagesOf.get(one.schedule_id);
      if (known) known.push(one);
      else messagesOf.set(one.schedule_id, [one]);
    }
    const { items, nextCursor } = pageOf(rows, query, (row) => toExported(row, messagesOf.get(row.id) ?? []));
    return { schedules: items, nextCursor };
  }

  async exportCsv(caller: Caller): Promise<string> {
    const { schedules, nextCursor } = await this.export(caller, { limit: MOST_CSV_ROWS });
    if (nextCursor !== null)
      throw conflict(
        'too_many',
        `There are more than ${MOST_CSV_ROWS}; take the pages of GET /schedules/export.`,
      );
    return writeCsv(schedules);
  }

  private changeOne(caller: Caller, id: string, change: BulkChange): Promise<unknown> {
    switch (change.action) {
      case 'pause':
        return this.schedules.pause(caller, id);
      case 'resume':
        return this.schedules.resume(caller, id);
      case 'delete':
        return this.schedules.delete(caller, id);
      case 'shift':
        return this.schedules.shift(caller, id, change.seconds);
    }
  }
}

function readRows(csv: string): unknown[] {
  try {
    return readCsv(csv);
  } catch (error) {
    if (error instanceof CsvError) throw invalidField('csv', 'invalid_csv', error.message);
    throw error;
  }
}

function toProblem({ issues }: z.ZodError): ProblemError {
  const errors = issues.slice(0, 50).map((issue) => ({
    field: issue.path.map(String).join('.'),
    code: issue.code,
    message: issue.message,
  }));
  return new ProblemError(400, 'invalid_input', `${errors[0]?.field}: ${errors[0]?.message}`, errors);
}

/** What an import takes; what is usual is left out. */
const toExported = (row: ScheduleRow, stacked: readonly StackRow[]): ExportedSchedule => ({
  name: row.name,
  ...(row.message_id !== null && { messageId: row.message_id }),
  ...(row.recycles !== null && {
    stack: {
      messages: stacked.map(({ message_id: messageId }) => ({ messageId })),
      recycle: row.recycles,
    },
  }),
  audience: row.audience,
  rule: row.rule,
  ...(row.local_time_of ? { localTimeOf: row.local_time_of } : { timeZone: row.time_zone }),
  ...(row.ends_at && { endsAt: row.ends_at.toISOString() }),
  ...(row.except_dates && { exceptDates: row.except_dates.slice() }),
  ...(row.within && { within: row.within }),
  ...(row.max_runs !== null && { maxRuns: row.max_runs }),
  ...(row.missed_policy && { missedPolicy: row.missed_policy }),
  ...(row.grace_seconds !== null && { graceSeconds: row.grace_seconds }),
  ...(row.overlap_policy && { overlapPolicy: row.overlap_policy }),
  ...(row.pin && { pin: row.pin }),
  ...(row.delete_previous && { deletePrevious: true }),
  ...(row.delete_after_seconds !== null && { deleteAfterSeconds: row.delete_after_seconds }),
});
