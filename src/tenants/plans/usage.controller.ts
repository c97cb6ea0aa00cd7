import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../../platform/access/index.js';
import { type Caller } from '../../platform/identity/index.js';
import { usageSchema, type UsageView } from './plan.dto.js';
import { Quotas } from './quotas.service.js';

@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenant/usage')
export class UsageController {
  constructor(private readonly quotas: Quotas) {}

  @Get()
  @AllowRole('viewer')
  @ApiOperation({ summary: 'Read the plan, its limits and what of them is in use' })
  @ApiOkResponse({ standardSchema: usageSchema })
  read(@CurrentCaller() caller: Caller): Promise<UsageView> {
    return this.quotas.read(caller.tenantId);
  }
}
