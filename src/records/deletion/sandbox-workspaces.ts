import { type TenantId } from '../../platform/identity/index.js';

/** Port: what tenants made in the sandbox, which is in no table. The room `app` provides it. */
export abstract class SandboxWorkspaces {
  /**
   * Erases the tenant's workspace with everything in it; one that isn't there is erased already.
   * @throws Error where the sandbox doesn't answer
   */
  abstract erase(tenantId: TenantId): Promise<void>;
}
