import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../../platform/access/index.js';
import { type Caller } from '../../platform/identity/index.js';
import { type Retention, retentionSchema } from './retention.dto.js';
import { RetentionService } from './retention.service.js';

@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenant/retention')
export class RetentionController {
  constructor(private readonly retention: RetentionService) {}

  @Get()
  @AllowRole('viewer')
  @ApiOperation({ summary: 'Read how long broadcasts and their deliveries are kept' })
  @ApiOkResponse({ standardSchema: retentionSchema })
  read(@CurrentCaller() caller: Caller): Promise<Retention> {
    return this.retention.read(caller);
  }

  @Put()
  @AllowRole('owner')
  @ApiOperation({
    summary: 'Keep broadcasts and their deliveries for fewer days; what is older goes within the hour',
  })
  @ApiOkResponse({ standardSchema: retentionSchema })
  change(
    @CurrentCaller() caller: Caller,
    @Body({ schema: retentionSchema }) input: Retention,
  ): Promise<Retention> {
    return this.retention.change(caller, input);
  }
}
