import { Module } from '@nestjs/common';
import { AuditLog } from './audit/audit-log.js';
import { OperatedTenantsController } from './operating/operated-tenants.controller.js';
import { OperatedTenantsRepository } from './operating/operated-tenants.repository.js';
import { OperatedTenantsService } from './operating/operated-tenants.service.js';
import { PlansController } from './plans/plans.controller.js';
import { PlansRepository } from './plans/plans.repository.js';
import { PlansService } from './plans/plans.service.js';
import { Quotas } from './plans/quotas.service.js';
import { UsageController } from './plans/usage.controller.js';
import { TenantKeysRepository } from './tenant-keys.repository.js';
import { TenantKeys } from './tenant-keys.service.js';
import { TenantsController } from './tenants.controller.js';
import { TenantsRepository } from './tenants.repository.js';
import { TenantsService } from './tenants.service.js';

@Module({
  providers: [
    AuditLog,
    PlansRepository,
    PlansService,
    Quotas,
    TenantKeys,
    TenantKeysRepository,
    TenantsService,
    TenantsRepository,
  ],
  exports: [AuditLog, PlansRepository, PlansService, Quotas, TenantKeys, TenantsService],
})
export class TenantsModule {}

@Module({
  imports: [TenantsModule],
  controllers: [TenantsController, UsageController, PlansController, OperatedTenantsController],
  providers: [OperatedTenantsRepository, OperatedTenantsService],
})
export class TenantsApiModule {}
