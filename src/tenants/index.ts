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
export { isQuotaExceeded, Quotas } from './plans/quotas.service.js';
export { Tenant } from './tenant.entity.js';
export { type SealedSecret, TenantKeys } from './tenant-keys.service.js';
export { TenantStateChanged } from './tenants.events.js';
export { type Membership } from './tenants.repository.js';
export { TenantsApiModule, TenantsModule } from './tenants.module.js';
export { TenantsService, viewTenant } from './tenants.service.js';
