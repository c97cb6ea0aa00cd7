import { type Logger } from '@nestjs/common';
import { type Clock } from '../platform/clock/index.js';
import { type LaneLeaseRepository } from './lane-lease.repository.js';

/** The right of this process to drive lanes, prolonged in time or over once and for all. */
export interface Lease {
  /** Its number, which no other lease ever has. */
  readonly owner: string;
  /** On the monotonic clock: from then on no byte may leave, since the lanes may be somebody else's. */
  deadlineMs: number;
}

/** A dead worker's lanes are taken over after this; a slow one must prolong its lease within it. */
const LEASE_MS = 6_000;
/** Nothing leaves so shortly before the lease's end that it could arrive after it. */
const LEASE_MARGIN_MS = 500;

/**
 * Keeps one lease for all lanes of this process: what it costs doesn't grow with them. A process that stood still past its
 * lease finds it over, and goes on as a new owner that has to take each lane anew.
 */
export class LaneOwner {
  private lease: Lease | undefined;
  private beginning: Promise<Lease> | undefined;

  /** @param onOver called where a lease is over whose lanes were still driven */
  constructor(
    private readonly repository: LaneLeaseRepository,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly onOver: (lease: Lease) => void,
  ) {}

  /** A lease that runs. */
  async current(): Promise<Lease> {
    const { lease } = this;
    if (lease && (this.clock.monotonicMs() < lease.deadlineMs || (await this.prolong()))) return lease;
    this.beginning ??= this.begin().finally(() => (this.beginning = undefined));
    return this.beginning;
  }

  /** @returns false where there is none, or it is over */
  async prolong(): Promise<boolean> {
    const { lease } = this;
    if (!lease) return false;
    const askedMs = this.clock.monotonicMs();
    if (await this.repository.prolong(lease.owner, LEASE_MS)) {
      lease.deadlineMs = Math.max(lease.deadlineMs, askedMs + LEASE_MS - LEASE_MARGIN_MS);
      return true;
    }
    this.drop(lease);
    return false;
  }

  /** The lease that was not found over yet; lanes that were taken under another are no longer ours. */
  get held(): Lease | undefined {
    return this.lease;
  }

  /** Gives the lease back: every lane was let go. */
  async end(): Promise<void> {
    if (this.lease) await this.repository.end(this.lease.owner);
    this.lease = undefined;
  }

  private async begin(): Promise<Lease> {
    const askedMs = this.clock.monotonicMs();
    const owner = await this.repository.begin(LEASE_MS);
    // So that whoever looks at the table `lanes` can tell which process drives one.
    this.logger.log(`drives lanes as ${owner}`);
    this.lease = { owner, deadlineMs: askedMs + LEASE_MS - LEASE_MARGIN_MS };
    return this.lease;
  }

  private drop(lease: Lease): void {
    if (this.lease !== lease) return;
    this.lease = undefined;
    lease.deadlineMs = -Infinity;
    this.logger.warn(`the lease of owner ${lease.owner} is over`);
    this.onOver(lease);
  }
}
