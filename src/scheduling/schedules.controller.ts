import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPaymentRequiredResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import {
  Idempotency,
  type IdempotentRequest,
  type Page,
  type PageQuery,
  pageQuerySchema,
  TakesIdempotencyKey,
} from '../platform/http/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import {
  type ChangeSchedule,
  changeScheduleSchema,
  type CreateSchedule,
  createScheduleSchema,
  occurrencePageSchema,
  type OccurrenceView,
  type PreviewQuery,
  previewQuerySchema,
  type PreviewRule,
  previewRuleSchema,
  type RunPreview,
  runPreviewSchema,
  schedulePageSchema,
  type ScheduleQuery,
  scheduleQuerySchema,
  scheduleSchema,
  type ScheduleView,
} from './schedule.dto.js';
import { ScheduleCreation } from './schedule-creation.service.js';
import { ScheduleService } from './schedule.service.js';

@ApiTags('Schedules')
@ApiBearerAuth('session')
@Controller('schedules')
export class SchedulesController {
  constructor(
    private readonly schedules: ScheduleService,
    private readonly creation: ScheduleCreation,
  ) {}

  @Post()
  @AllowRole('editor', 'schedules:write')
  @TakesIdempotencyKey()
  @ApiOperation({
    summary: 'Schedule a message: once, at an interval, by the calendar, by a cron line or an RRULE',
  })
  @ApiCreatedResponse({ standardSchema: scheduleSchema })
  @ApiPaymentRequiredResponse()
  create(
    @CurrentCaller() caller: Caller,
    @Idempotency() idempotent: IdempotentRequest,
    @Body({ schema: createScheduleSchema }) input: CreateSchedule,
  ): Promise<ScheduleView> {
    return this.creation.create(caller, idempotent, input);
  }

  @Post('preview')
  @HttpCode(200)
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({
    summary: 'Show the next due times of a rule before it is saved, and say it in plain words',
  })
  @ApiOkResponse({ standardSchema: runPreviewSchema })
  preview(
    @CurrentCaller() caller: Caller,
    @Body({ schema: previewRuleSchema }) input: PreviewRule,
  ): Promise<RunPreview> {
    return this.schedules.preview(caller, input);
  }

  @Get()
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'List schedules, newest first' })
  @ApiOkResponse({ standardSchema: schedulePageSchema })
  list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: scheduleQuerySchema }) query: ScheduleQuery,
  ): Promise<Page<ScheduleView>> {
    return this.schedules.findPage(caller, query);
  }

  @Get(':id')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'Read a schedule' })
  @ApiOkResponse({ standardSchema: scheduleSchema })
  read(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<ScheduleView> {
    return this.schedules.findById(caller, id);
  }

  @Patch(':id')
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Change a schedule; a new rule or zone counts from now' })
  @ApiOkResponse({ standardSchema: scheduleSchema })
  change(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: changeScheduleSchema }) input: ChangeSchedule,
  ): Promise<ScheduleView> {
    return this.schedules.change(caller, id, input);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Pause a schedule' })
  @ApiOkResponse({ standardSchema: scheduleSchema })
  @ApiConflictResponse()
  pause(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<ScheduleView> {
    return this.schedules.pause(caller, id);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({
    summary: 'Resume a schedule; what was missed meanwhile is made up by its policy, within its grace',
  })
  @ApiOkResponse({ standardSchema: scheduleSchema })
  @ApiConflictResponse()
  resume(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<ScheduleView> {
    return this.schedules.resume(caller, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Delete a schedule and its history; its broadcasts stay' })
  @ApiNoContentResponse()
  async delete(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<void> {
    await this.schedules.delete(caller, id);
  }

  @Get(':id/preview')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'Show the next due times of a schedule' })
  @ApiOkResponse({ standardSchema: runPreviewSchema })
  previewById(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: previewQuerySchema }) query: PreviewQuery,
  ): Promise<RunPreview> {
    return this.schedules.previewById(caller, id, query);
  }

  @Get(':id/occurrences')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'List what became of the due times of a schedule, newest first' })
  @ApiOkResponse({ standardSchema: occurrencePageSchema })
  listOccurrences(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<OccurrenceView>> {
    return this.schedules.findOccurrences(caller, id, query);
  }
}
