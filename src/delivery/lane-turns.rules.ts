import { type TenantId } from '../platform/identity/index.js';

/** How long a lane goes on while others wait for its place. */
export const SLICE_MS = 1_000;

/** For whom a lane wants a place, and what the tenant's plan weighs. */
export interface LaneShare {
  readonly tenantId: TenantId;
  readonly weight: number;
}

/**
 * Whose turn it is among lanes that want more places than there are. Each tenant has an account: a slice costs it a
 * second, divided by the weight of its plan, and who has paid least is next (start-time fair queueing). So tenants share
 * places by weight, however many bots each has; and who comes anew is level with whoever was last served, so that
 * nobody waits for what others want beside, and nobody saves up turns. Knows no clock.
 */
export class LaneTurns {
  /** Where the account stood that was served last: nobody's counts as less. */
  private reachedMs = 0;
  private readonly accounts = new Map<TenantId, number>();

  /** @param heads the first in line of each tenant; of those that are level the first is next */
  findNext<Waiting extends LaneShare>(heads: Iterable<Waiting>): Waiting | undefined {
    let next: Waiting | undefined;
    let leastMs = Infinity;
    for (const head of heads) {
      const standingMs = this.standingOf(head.tenantId);
      if (standingMs >= leastMs) continue;
      next = head;
      leastMs = standingMs;
    }
    return next;
  }

  /** A lane got a place: its slice is paid in advance. */
  begin(share: LaneShare): void {
    this.reachedMs = this.standingOf(share.tenantId);
    this.goOn(share);
  }

  /** A lane keeps its place for another slice. */
  goOn(share: LaneShare): void {
    this.pay(share, SLICE_MS);
  }

  /** A lane gave its place back; what it did not use of its slice is refunded. */
  end(share: LaneShare, usedMs: number): void {
    if (usedMs < SLICE_MS) this.pay(share, usedMs - SLICE_MS);
  }

  /**
   * Of lanes that had their slice, those that give way. They stand in line once more, behind the others of their tenant;
   * who would get a place again keeps it, since the others who wait have had more.
   *
   * @param had in the order in which those of one tenant may stay
   * @param freed how many places are being given back already
   */
  findLeaving<Had extends LaneShare>(
    had: readonly Had[],
    waiting: readonly LaneShare[],
    freed: number,
  ): Had[] {
    const next = new Map<TenantId, number>();
    const line = [...waiting, ...had].map((share) => {
      const turnMs = next.get(share.tenantId) ?? this.standingOf(share.tenantId);
      next.set(share.tenantId, turnMs + SLICE_MS / share.weight);
      return { share, turnMs };
    });
    line.sort((one, other) => one.turnMs - other.turnMs);
    const placed = new Set(line.slice(0, had.length + freed).map(({ share }) => share));
    return had.filter((share) => !placed.has(share));
  }

  /** Forgets accounts that are level with those who come anew. */
  forgetSettled(): void {
    for (const [tenantId, accountMs] of this.accounts) {
      if (accountMs <= this.reachedMs) this.accounts.delete(tenantId);
    }
  }

  private standingOf(tenantId: TenantId): number {
    return Math.max(this.reachedMs, this.accounts.get(tenantId) ?? 0);
  }

  private pay({ tenantId, weight }: LaneShare, placeMs: number): void {
    this.accounts.set(tenantId, this.standingOf(tenantId) + placeMs / weight);
  }
}
