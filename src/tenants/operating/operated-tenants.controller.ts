import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiConflictResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowOperator, CurrentOperator } from '../../platform/access/index.js';
import { type Page } from '../../platform/http/index.js';
import { idSchema, type OperatorCaller } from '../../platform/identity/index.js';
import { usageSchema, type UsageView } from '../plans/plan.dto.js';
import {
  type ChoosePlan,
  choosePlanSchema,
  operatedTenantPageSchema,
  type OperatedTenantQuery,
  operatedTenantQuerySchema,
  operatedTenantSchema,
  type OperatedTenantView,
  type SuspendTenant,
  suspendTenantSchema,
} from './operated-tenant.dto.js';
import { OperatedTenantsService } from './operated-tenants.service.js';

@ApiTags('Operator')
@ApiBearerAuth('operator')
@AllowOperator()
@Controller('operator/tenants')
export class OperatedTenantsController {
  constructor(private readonly tenants: OperatedTenantsService) {}

  @Get()
  @ApiOperation({ summary: 'List tenants, newest first' })
  @ApiOkResponse({ standardSchema: operatedTenantPageSchema })
  list(
    @Query({ schema: operatedTenantQuerySchema }) query: OperatedTenantQuery,
  ): Promise<Page<OperatedTenantView>> {
    return this.tenants.findPage(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a tenant, nothing of its content' })
  @ApiOkResponse({ standardSchema: operatedTenantSchema })
  read(@Param('id', { schema: idSchema }) id: string): Promise<OperatedTenantView> {
    return this.tenants.findById(id);
  }

  @Get(':id/usage')
  @ApiOperation({ summary: "Read a tenant's plan, its limits and what of them is in use" })
  @ApiOkResponse({ standardSchema: usageSchema })
  readUsage(@Param('id', { schema: idSchema }) id: string): Promise<UsageView> {
    return this.tenants.readUsage(id);
  }

  @Put(':id/plan')
  @ApiOperation({ summary: 'Give a tenant another plan; what it has stays, only more is refused' })
  @ApiOkResponse({ standardSchema: operatedTenantSchema })
  choosePlan(
    @CurrentOperator() operator: OperatorCaller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: choosePlanSchema }) { planId }: ChoosePlan,
  ): Promise<OperatedTenantView> {
    return this.tenants.choosePlan(operator, id, planId);
  }

  @Post(':id/suspend')
  @HttpCode(200)
  @ApiOperation({ summary: 'Suspend a tenant: sending stops within a second, and nothing is lost' })
  @ApiOkResponse({ standardSchema: operatedTenantSchema })
  suspend(
    @CurrentOperator() operator: OperatorCaller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: suspendTenantSchema }) { reason }: SuspendTenant,
  ): Promise<OperatedTenantView> {
    return this.tenants.suspend(operator, id, reason);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a suspended tenant go on where it stopped' })
  @ApiOkResponse({ standardSchema: operatedTenantSchema })
  @ApiConflictResponse({ description: 'Its owners are deleting it: they call that off first.' })
  resume(
    @CurrentOperator() operator: OperatorCaller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<OperatedTenantView> {
    return this.tenants.resume(operator, id);
  }
}
