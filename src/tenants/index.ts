export {
  type Language,
  type TenantView,
  languageSchema,
  roleSchema,
  tenantNameSchema,
  tenantSchema,
  timeZoneSchema,
} from './tenant.dto.js';
export { type AuditEntry, AuditLog, type TenantAct } from './audit/audit-log.js';
export { type Verified, verifyChain } from './audit/audit-verifier.js';
export { KeyRotation, type KeyRotationReport, KeyRotationRunningError } from './key-rotation.service.js';
export { type SealedColumn, SealedColumns } from './sealed-columns.js';
export { PlansService } from './plans/plans.service.js';
export { isQuotaExceeded, Quotas } from './plans/quotas.service.js';
export { Tenant } from './tenant.entity.js';
export { type SealedSecret, TenantKeys } from './tenant-keys.service.js';
export { SUSPENDED_FOR_DELETION, TenantStateChanged } from './tenants.events.js';
export { type Membership } from './tenants.repository.js';
export { MembersService } from './members/members.service.js';
export { emailNotConfirmed, InvitationsService } from './invitations/invitations.service.js';
export { TimeZoneChanges } from './time-zone-changes.js';
export { TenantsApiModule, TenantsModule, TenantsSchedulerModule } from './tenants.module.js';
export { TenantsService, viewTenant } from './tenants.service.js';
