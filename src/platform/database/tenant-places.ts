import { type TenantId } from '../identity/index.js';
import { Slots } from '../slots/index.js';

/**
 * Places in the pool, of which one tenant gets so many at once: what a tenant wants beside waits for its own, and never
 * in front of the others.
 */
export class TenantPlaces {
  private readonly taken = new Map<TenantId, Slots>();

  /** @param placesOfOne how many one tenant may have at once; at least 1 */
  constructor(private readonly placesOfOne: number) {}

  /** Does the work in a place of the tenant's, which is given back however it ends. */
  async hold<Result>(tenantId: TenantId, work: () => Promise<Result>): Promise<Result> {
    const places = this.taken.get(tenantId) ?? new Slots(this.placesOfOne);
    this.taken.set(tenantId, places);
    try {
      return await places.run(work);
    } finally {
      if (places.isIdle) this.taken.delete(tenantId);
    }
  }
}
