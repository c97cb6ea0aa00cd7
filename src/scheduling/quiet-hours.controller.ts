import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import {
  type QuietHoursList,
  quietHoursListSchema,
  quietHoursSchema,
  type QuietHoursView,
  type SetQuietHours,
  setQuietHoursSchema,
} from './quiet-hours.dto.js';
import { QuietHoursService } from './quiet-hours.service.js';

@ApiTags('Schedules')
@ApiBearerAuth('session')
@Controller('quiet-hours')
export class QuietHoursController {
  constructor(private readonly quietHours: QuietHoursService) {}

  @Get()
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'List the quiet hours of the tenant and its bots' })
  @ApiOkResponse({ standardSchema: quietHoursListSchema })
  list(@CurrentCaller() caller: Caller): Promise<QuietHoursList> {
    return this.quietHours.list(caller);
  }

  @Put()
  @AllowRole('admin', 'schedules:write')
  @ApiOperation({ summary: "Set the tenant's quiet hours: nothing that a schedule sends begins in them" })
  @ApiOkResponse({ standardSchema: quietHoursSchema })
  setForTenant(
    @CurrentCaller() caller: Caller,
    @Body({ schema: setQuietHoursSchema }) input: SetQuietHours,
  ): Promise<QuietHoursView> {
    return this.quietHours.set(caller, null, input);
  }

  @Delete()
  @HttpCode(204)
  @AllowRole('admin', 'schedules:write')
  @ApiOperation({ summary: "Remove the tenant's quiet hours" })
  @ApiNoContentResponse()
  @ApiNotFoundResponse()
  async deleteForTenant(@CurrentCaller() caller: Caller): Promise<void> {
    await this.quietHours.delete(caller, null);
  }

  @Put('bots/:id')
  @AllowRole('admin', 'schedules:write')
  @ApiOperation({ summary: 'Set the quiet hours of a bot: they hold every schedule that could reach it' })
  @ApiOkResponse({ standardSchema: quietHoursSchema })
  @ApiNotFoundResponse()
  setForBot(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: setQuietHoursSchema }) input: SetQuietHours,
  ): Promise<QuietHoursView> {
    return this.quietHours.set(caller, id, input);
  }

  @Delete('bots/:id')
  @HttpCode(204)
  @AllowRole('admin', 'schedules:write')
  @ApiOperation({ summary: 'Remove the quiet hours of a bot' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse()
  async deleteForBot(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<void> {
    await this.quietHours.delete(caller, id);
  }
}
