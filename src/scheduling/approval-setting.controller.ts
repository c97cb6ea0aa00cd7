import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { type Caller } from '../platform/identity/index.js';
import { type ApprovalSetting, approvalSettingSchema } from './approval.dto.js';
import { ScheduleApproval } from './schedule-approval.service.js';

@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenant/schedule-approval')
export class ApprovalSettingController {
  constructor(private readonly approval: ScheduleApproval) {}

  @Get()
  @AllowRole('viewer')
  @ApiOperation({ summary: "Read whether editors' schedules wait for approval" })
  @ApiOkResponse({ standardSchema: approvalSettingSchema })
  read(@CurrentCaller() caller: Caller): Promise<ApprovalSetting> {
    return this.approval.read(caller);
  }

  @Put()
  @AllowRole('admin')
  @ApiOperation({ summary: "Let editors' schedules wait until an admin or an owner approves them, or not" })
  @ApiOkResponse({ standardSchema: approvalSettingSchema })
  change(
    @CurrentCaller() caller: Caller,
    @Body({ schema: approvalSettingSchema }) input: ApprovalSetting,
  ): Promise<ApprovalSetting> {
    return this.approval.change(caller, input);
  }
}
