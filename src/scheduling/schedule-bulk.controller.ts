import { Body, Controller, Get, Header, HttpCode, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import {
  Idempotency,
  type IdempotentRequest,
  type PageQuery,
  TakesIdempotencyKey,
} from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import {
  type BulkChange,
  bulkChangeSchema,
  type BulkResult,
  bulkResultSchema,
  exportQuerySchema,
  type ImportCsv,
  importCsvSchema,
  type ImportResult,
  importResultSchema,
  type ImportSchedules,
  importSchedulesSchema,
  type SchedulesExport,
  schedulesExportSchema,
} from './schedule-bulk.dto.js';
import { ScheduleBulkService } from './schedule-bulk.service.js';
import { ScheduleCreation } from './schedule-creation.service.js';

@ApiTags('Schedules')
@ApiBearerAuth('session')
@Controller('schedules')
export class ScheduleBulkController {
  constructor(
    private readonly creation: ScheduleCreation,
    private readonly bulk: ScheduleBulkService,
  ) {}

  @Post('bulk')
  @HttpCode(200)
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({
    summary: 'Pause, resume, shift or delete many schedules; the answer says what became of each',
  })
  @ApiOkResponse({ standardSchema: bulkResultSchema })
  change(
    @CurrentCaller() caller: Caller,
    @Body({ schema: bulkChangeSchema }) input: BulkChange,
  ): Promise<BulkResult> {
    return this.bulk.change(caller, input);
  }

  @Post('import')
  @AllowRole('editor', 'schedules:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Make many schedules: all of them, or none where one is wrong' })
  @ApiCreatedResponse({ standardSchema: importResultSchema })
  import(
    @CurrentCaller() caller: Caller,
    @Idempotency() idempotent: IdempotentRequest,
    @Body({ schema: importSchedulesSchema }) { schedules }: ImportSchedules,
  ): Promise<ImportResult> {
    return this.creation.createMany(caller, idempotent, schedules);
  }

  @Post('import-csv')
  @AllowRole('editor', 'schedules:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Make the schedules of a CSV file: all of them, or none where one is wrong' })
  @ApiCreatedResponse({ standardSchema: importResultSchema })
  importCsv(
    @CurrentCaller() caller: Caller,
    @Idempotency() idempotent: IdempotentRequest,
    @Body({ schema: importCsvSchema }) { csv }: ImportCsv,
  ): Promise<ImportResult> {
    return this.bulk.importCsv(caller, idempotent, csv);
  }

  @Get('export')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'Take schedules out as an import takes them in, newest first' })
  @ApiOkResponse({ standardSchema: schedulesExportSchema })
  export(
    @CurrentCaller() caller: Caller,
    @Query({ schema: exportQuerySchema }) query: PageQuery,
  ): Promise<SchedulesExport> {
    return this.bulk.export(caller, query);
  }

  @Get('export.csv')
  @AllowRole('viewer', 'schedules:read')
  @Header('content-type', 'text/csv; charset=utf-8')
  @Header('content-disposition', 'attachment; filename="schedules.csv"')
  @ApiOperation({ summary: 'Take all schedules out as a CSV file' })
  @ApiOkResponse({ content: { 'text/csv': { schema: { type: 'string' } } } })
  @ApiConflictResponse()
  exportCsv(@CurrentCaller() caller: Caller): Promise<string> {
    return this.bulk.exportCsv(caller);
  }
}
