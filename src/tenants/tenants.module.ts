import { Module } from '@nestjs/common';
import { AccessChanges } from '../platform/access/index.js';
import { CleaningModule } from '../platform/cleaning/index.js';
import { AuditLog } from './audit/audit-log.js';
import { InvitationsController } from './invitations/invitations.controller.js';
import { InvitationsRepository } from './invitations/invitations.repository.js';
import { InvitationsService } from './invitations/invitations.service.js';
import { MembersController } from './members/members.controller.js';
import { MembersRepository } from './members/members.repository.js';
import { MembersService } from './members/members.service.js';
import { MoreTenantsController } from './more-tenants.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditService } from './audit/audit.service.js';
import { KeyRotation } from './key-rotation.service.js';
import { OperatedTenantsController } from './operating/operated-tenants.controller.js';
import { OperatedTenantsRepository } from './operating/operated-tenants.repository.js';
import { OperatedTenantsService } from './operating/operated-tenants.service.js';
import { OperatorActs } from './operating/operator-acts.js';
import { OperatorActsController } from './operating/operator-acts.controller.js';
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
import { TimeZoneChanges } from './time-zone-changes.js';

@Module({
  providers: [
    AuditLog,
    KeyRotation,
    PlansRepository,
    OperatorActs,
    PlansService,
    Quotas,
    TenantKeys,
    TenantKeysRepository,
    AccessChanges,
    TimeZoneChanges,
    TenantsService,
    TenantsRepository,
    MembersService,
    MembersRepository,
    InvitationsService,
    InvitationsRepository,
  ],
  exports: [
    AccessChanges,
    AuditLog,
    KeyRotation,
    OperatorActs,
    PlansRepository,
    PlansService,
    Quotas,
    TenantKeys,
    TimeZoneChanges,
    TenantsService,
    MembersService,
    InvitationsService,
  ],
})
export class TenantsModule {}

@Module({
  imports: [TenantsModule],
  controllers: [
    TenantsController,
    MoreTenantsController,
    MembersController,
    InvitationsController,
    AuditController,
    UsageController,
    PlansController,
    OperatedTenantsController,
    OperatorActsController,
  ],
  providers: [AuditService, OperatedTenantsRepository, OperatedTenantsService],
})
export class TenantsApiModule {}

/** Invitations are kept for a while after their end: how many a tenant made in a day is counted from them. */
@Module({
  imports: [
    CleaningModule.forRows({
      table: 'invitations',
      where: `least(ended_at, expires_at) < now() - interval '30 days'`,
    }),
  ],
})
export class TenantsSchedulerModule {}
