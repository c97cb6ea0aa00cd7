import { Body, Controller, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentMember } from '../platform/access/index.js';
import { type MemberCaller } from '../platform/identity/index.js';
import { type CreateTenant, createTenantSchema, tenantSchema, type TenantView } from './tenant.dto.js';
import { TenantsService } from './tenants.service.js';

/** For people in several tenants. Beside `tenant`, which is the one that a session acts in. */
@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenants')
export class MoreTenantsController {
  constructor(private readonly tenants: TenantsService) {}

  @Post()
  @AllowRole('viewer')
  @ApiOperation({ summary: 'Make another tenant, which you own; the session stays in its own' })
  @ApiCreatedResponse({ standardSchema: tenantSchema })
  @ApiConflictResponse({ description: 'One person owns so many tenants and no more.' })
  create(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: createTenantSchema }) input: CreateTenant,
  ): Promise<TenantView> {
    return this.tenants.createAnother(caller, input);
  }
}
