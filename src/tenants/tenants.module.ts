import { Module } from '@nestjs/common';
import { TenantKeysRepository } from './tenant-keys.repository.js';
import { TenantKeys } from './tenant-keys.service.js';
import { TenantsController } from './tenants.controller.js';
import { TenantsRepository } from './tenants.repository.js';
import { TenantsService } from './tenants.service.js';

@Module({
  providers: [TenantKeys, TenantKeysRepository, TenantsService, TenantsRepository],
  exports: [TenantKeys, TenantsService],
})
export class TenantsModule {}

@Module({ imports: [TenantsModule], controllers: [TenantsController] })
export class TenantsApiModule {}
