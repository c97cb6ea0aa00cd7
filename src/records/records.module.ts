import { Module } from '@nestjs/common';
import { CleaningModule } from '../platform/cleaning/index.js';
import { TenantsModule } from '../tenants/index.js';
import { TenantDeletionController } from './deletion/tenant-deletion.controller.js';
import { TenantDeletionService } from './deletion/tenant-deletion.service.js';
import { TenantDeletionsRepository } from './deletion/tenant-deletions.repository.js';
import { TenantEraser } from './deletion/tenant-eraser.service.js';
import { TenantRowsRepository } from './deletion/tenant-rows.repository.js';
import { ExportBuilder } from './export/export-builder.service.js';
import { ExportsController } from './export/exports.controller.js';
import { ExportsRepository } from './export/exports.repository.js';
import { EXPORT_DAYS, ExportsService } from './export/exports.service.js';
import { TenantArchive } from './export/tenant-archive.js';
import { RetentionController } from './retention/retention.controller.js';
import { RetentionService } from './retention/retention.service.js';
import { ShortRetentionCleaning } from './retention/short-retention.cleaning.js';

/** What a tenant takes along, and how it goes. */
@Module({
  imports: [TenantsModule],
  controllers: [TenantDeletionController, ExportsController, RetentionController],
  providers: [
    TenantDeletionService,
    TenantDeletionsRepository,
    ExportsService,
    ExportsRepository,
    RetentionService,
  ],
})
export class RecordsApiModule {}

@Module({ providers: [ExportBuilder, ExportsRepository, TenantArchive] })
export class RecordsWorkerModule {}

@Module({
  imports: [
    CleaningModule.forRows({
      table: 'exports',
      where: `created_at < now() - interval '${EXPORT_DAYS} days'`,
    }),
  ],
  providers: [TenantEraser, TenantDeletionsRepository, TenantRowsRepository, ShortRetentionCleaning],
})
export class RecordsSchedulerModule {}
