import { Module } from '@nestjs/common';
import { TenantsModule } from '../tenants/index.js';
import { TenantDeletionController } from './deletion/tenant-deletion.controller.js';
import { TenantDeletionService } from './deletion/tenant-deletion.service.js';
import { TenantDeletionsRepository } from './deletion/tenant-deletions.repository.js';
import { TenantEraser } from './deletion/tenant-eraser.service.js';
import { TenantRowsRepository } from './deletion/tenant-rows.repository.js';

/** What a tenant takes along, and how it goes. */
@Module({
  imports: [TenantsModule],
  controllers: [TenantDeletionController],
  providers: [TenantDeletionService, TenantDeletionsRepository],
})
export class RecordsApiModule {}

@Module({ providers: [TenantEraser, TenantDeletionsRepository, TenantRowsRepository] })
export class RecordsSchedulerModule {}
