import { AuthApiModule } from '../auth/index.js';
import { Tenant, TenantsApiModule, TenantsModule } from '../tenants/index.js';
import { type Room } from './app.module.js';

/** Every room that runs, from left to right. */
export const ROOMS: readonly Room[] = [
  { entities: [Tenant], core: [TenantsModule], api: [TenantsApiModule] },
  { api: [AuthApiModule] },
];
