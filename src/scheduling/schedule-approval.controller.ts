import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiConflictResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import {
  type ApproveSchedule,
  approveScheduleSchema,
  type RefuseSchedule,
  refuseScheduleSchema,
} from './approval.dto.js';
import { scheduleSchema, type ScheduleView } from './schedule.dto.js';
import { ScheduleService } from './schedule.service.js';

@ApiTags('Schedules')
@ApiBearerAuth('session')
@Controller('schedules')
export class ScheduleApprovalController {
  constructor(private readonly schedules: ScheduleService) {}

  @Post(':id/approve')
  @HttpCode(200)
  @AllowRole('admin', 'schedules:write')
  @ApiOperation({
    summary: 'Let a schedule run that waits for approval; what was missed meanwhile is made up by its policy',
  })
  @ApiOkResponse({ standardSchema: scheduleSchema })
  @ApiConflictResponse()
  approve(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: approveScheduleSchema }) { updatedAt }: ApproveSchedule,
  ): Promise<ScheduleView> {
    return this.schedules.approve(caller, id, new Date(updatedAt));
  }

  @Post(':id/refuse')
  @HttpCode(200)
  @AllowRole('admin', 'schedules:write')
  @ApiOperation({ summary: 'Refuse a schedule that waits for approval; it is paused, with the reason' })
  @ApiOkResponse({ standardSchema: scheduleSchema })
  @ApiConflictResponse()
  refuse(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: refuseScheduleSchema }) { reason }: RefuseSchedule,
  ): Promise<ScheduleView> {
    return this.schedules.refuse(caller, id, reason);
  }
}
