export {
  type Language,
  type TenantView,
  languageSchema,
  roleSchema,
  tenantNameSchema,
  tenantSchema,
  timeZoneSchema,
} from './tenant.dto.js';
export { type AuditEntry, AuditLog } from './audit/audit-log.js';
export { KeyRotation, type KeyRotationReport, KeyRotationRunningError } from './key-rotation.service.js';
export { type SealedColumn, SealedColumns } from './sealed-columns.js';
export { Tenant } from './tenant.entity.js';
export { type SealedSecret, TenantKeys } from './tenant-keys.service.js';
export { type Membership } from './tenants.repository.js';
export { TenantsApiModule, TenantsModule } from './tenants.module.js';
export { TenantsService, viewTenant } from './tenants.service.js';
