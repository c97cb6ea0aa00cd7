import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { type Caller } from '../platform/identity/index.js';
import { type ChangeTenant, changeTenantSchema, tenantSchema, type TenantView } from './tenant.dto.js';
import { TenantsService } from './tenants.service.js';

@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenant')
export class TenantsController {
  constructor(private readonly tenants: TenantsService) {}

  @Get()
  @AllowRole('viewer', 'tenant:read')
  @ApiOperation({ summary: 'Read the tenant that the session acts in' })
  @ApiOkResponse({ standardSchema: tenantSchema })
  read(@CurrentCaller() caller: Caller): Promise<TenantView> {
    return this.tenants.read(caller);
  }

  @Patch()
  @AllowRole('owner')
  @ApiOperation({ summary: 'Change name, language or time zone' })
  @ApiOkResponse({ standardSchema: tenantSchema })
  change(
    @CurrentCaller() caller: Caller,
    @Body({ schema: changeTenantSchema }) change: ChangeTenant,
  ): Promise<TenantView> {
    return this.tenants.change(caller, change);
  }
}
