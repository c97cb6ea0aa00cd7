import { type TenantId } from '../platform/identity/index.js';

/** An operator suspended a tenant, or lets it go on: nothing of a suspended one is sent, and nothing is lost. */
export class TenantStateChanged {
  static readonly topic = 'tenant.state_changed';
  constructor(
    readonly tenantId: TenantId,
    readonly state: 'active' | 'suspended',
  ) {}
}
