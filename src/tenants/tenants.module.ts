import { Module } from '@nestjs/common';
import { AuditLog } from './audit/audit-log.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditService } from './audit/audit.service.js';
import { TenantKeysRepository } from './tenant-keys.repository.js';
import { TenantKeys } from './tenant-keys.service.js';
import { TenantsController } from './tenants.controller.js';
import { TenantsRepository } from './tenants.repository.js';
import { TenantsService } from './tenants.service.js';

@Module({
  providers: [AuditLog, TenantKeys, TenantKeysRepository, TenantsService, TenantsRepository],
  exports: [AuditLog, TenantKeys, TenantsService],
})
export class TenantsModule {}

@Module({
  imports: [TenantsModule],
  controllers: [TenantsController, AuditController],
  providers: [AuditService],
})
export class TenantsApiModule {}
