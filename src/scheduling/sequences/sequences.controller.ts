import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../../platform/access/index.js';
import {
  Idempotency,
  type IdempotentRequest,
  type Page,
  type PageQuery,
  pageQuerySchema,
  TakesIdempotencyKey,
} from '../../platform/http/index.js';
import { type Caller, idSchema } from '../../platform/identity/index.js';
import {
  type ChangeSequence,
  changeSequenceSchema,
  type CreateSequence,
  createSequenceSchema,
  enrollmentPageSchema,
  type EnrollmentQuery,
  enrollmentQuerySchema,
  type EnrollmentView,
  sequencePageSchema,
  type SequencePreview,
  type SequencePreviewQuery,
  sequencePreviewQuerySchema,
  sequencePreviewSchema,
  type SequenceReport,
  sequenceReportSchema,
  sequenceSchema,
  type SequenceView,
  stepRunPageSchema,
  type StepRunView,
} from './sequence.dto.js';
import { SequenceService } from './sequence.service.js';

@ApiTags('Sequences')
@ApiBearerAuth('session')
@Controller('sequences')
export class SequencesController {
  constructor(private readonly sequences: SequenceService) {}

  @Post()
  @AllowRole('editor', 'schedules:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Make a sequence: messages that follow when somebody presses Start' })
  @ApiCreatedResponse({ standardSchema: sequenceSchema })
  @ApiConflictResponse()
  create(
    @CurrentCaller() caller: Caller,
    @Idempotency() idempotent: IdempotentRequest,
    @Body({ schema: createSequenceSchema }) input: CreateSequence,
  ): Promise<SequenceView> {
    return this.sequences.create(caller, idempotent, input);
  }

  @Get()
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'List sequences, newest first' })
  @ApiOkResponse({ standardSchema: sequencePageSchema })
  list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<SequenceView>> {
    return this.sequences.findPage(caller, query);
  }

  @Get(':id')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'Read a sequence' })
  @ApiOkResponse({ standardSchema: sequenceSchema })
  read(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<SequenceView> {
    return this.sequences.findById(caller, id);
  }

  @Patch(':id')
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Change a sequence, also while people are in it' })
  @ApiOkResponse({ standardSchema: sequenceSchema })
  @ApiConflictResponse()
  change(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: changeSequenceSchema }) input: ChangeSequence,
  ): Promise<SequenceView> {
    return this.sequences.change(caller, id, input);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Pause a sequence; people come in and leave meanwhile, and no step goes out' })
  @ApiOkResponse({ standardSchema: sequenceSchema })
  pause(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<SequenceView> {
    return this.sequences.pause(caller, id);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Resume a sequence; what was due meanwhile goes out within the grace' })
  @ApiOkResponse({ standardSchema: sequenceSchema })
  resume(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<SequenceView> {
    return this.sequences.resume(caller, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Delete a sequence and its history; its broadcasts stay' })
  @ApiNoContentResponse()
  async delete(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<void> {
    await this.sequences.delete(caller, id);
  }

  @Get(':id/preview')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'Show when each step would go out for somebody who presses Start now' })
  @ApiOkResponse({ standardSchema: sequencePreviewSchema })
  preview(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: sequencePreviewQuerySchema }) query: SequencePreviewQuery,
  ): Promise<SequencePreview> {
    return this.sequences.preview(caller, id, query);
  }

  @Get(':id/report')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'Count how many wait for each step, got it, or left before it' })
  @ApiOkResponse({ standardSchema: sequenceReportSchema })
  report(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<SequenceReport> {
    return this.sequences.report(caller, id);
  }

  @Get(':id/runs')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'List what became of its steps, newest first' })
  @ApiOkResponse({ standardSchema: stepRunPageSchema })
  listRuns(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<StepRunView>> {
    return this.sequences.findRuns(caller, id, query);
  }

  @Get(':id/people')
  @AllowRole('viewer', 'audience:read')
  @ApiOperation({ summary: 'List who is in a sequence, or was, and which step comes next for them' })
  @ApiOkResponse({ standardSchema: enrollmentPageSchema })
  listPeople(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: enrollmentQuerySchema }) query: EnrollmentQuery,
  ): Promise<Page<EnrollmentView>> {
    return this.sequences.findPeople(caller, id, query);
  }
}
