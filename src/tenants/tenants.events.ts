import { type TenantId } from '../platform/identity/index.js';

/** Why a tenant is suspended whose owners let it go; no other reason is lifted when they think better of it. */
export const SUSPENDED_FOR_DELETION = 'deletion_requested';

/** A tenant was suspended, or goes on: nothing of a suspended one is sent, and nothing is lost. */
export class TenantStateChanged {
  static readonly topic = 'tenant.state_changed';
  constructor(
    readonly tenantId: TenantId,
    readonly state: 'active' | 'suspended',
  ) {}
}
