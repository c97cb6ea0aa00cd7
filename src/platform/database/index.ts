export { DATABASE_ROLES, type DatabaseRole, type DatabaseUrls, prepareDatabase } from './roles.js';
export { DatabaseHealth } from './database-health.js';
export { DatabaseModule } from './database.module.js';
export { DispatcherDatabase } from './dispatcher-database.js';
export { DatabaseNotifications } from './notifications.js';
export { isRefusedData } from './refused-data.rules.js';
export { TenantDatabase } from './tenant-database.js';
export { UnsafeDatabaseError } from './start-up-check.js';
export { migrate } from './migrate.js';
