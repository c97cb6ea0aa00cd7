import { Module } from '@nestjs/common';
import { AuditLog } from './audit/audit-log.js';
import { KeyRotation } from './key-rotation.service.js';
import { TenantKeysRepository } from './tenant-keys.repository.js';
import { TenantKeys } from './tenant-keys.service.js';
import { TenantsController } from './tenants.controller.js';
import { TenantsRepository } from './tenants.repository.js';
import { TenantsService } from './tenants.service.js';

@Module({
  providers: [AuditLog, KeyRotation, TenantKeys, TenantKeysRepository, TenantsService, TenantsRepository],
  exports: [AuditLog, KeyRotation, TenantKeys, TenantsService],
})
export class TenantsModule {}

@Module({ imports: [TenantsModule], controllers: [TenantsController] })
export class TenantsApiModule {}
