import { type Logger } from '@nestjs/common';
import { type Clock } from '../platform/clock/index.js';
import { type LaneLeaseRepository } from './lane-lease.repository.js';

/** The right of this process to drive lanes, prolonged in time or over once and for all. */
export interface Lease {
  /** Its number, which no other lease ever has. */
  readonly owner: string;
  /** On the monotonic clock: from then on no byte may leave, since the lanes may be somebody else's. */
  readonly deadlineMs: number;
}

/** A dead worker's lanes are taken over after this; a slow one must prolong its lease within it. */
export const LEASE_MS = 6_000;
/** Nothing leaves so shortly before the lease's end that it could arrive after it. */
const LEASE_MARGIN_MS = 500;

/**
 * Counts on two clocks, and the first that is over counts: the monotonic one doesn't step, and the wall clock goes on while
 * a virtual machine is suspended. One that is stepped ahead only costs the time until the lease is prolonged again.
 */
class CountedLease implements Lease {
  private monotonicDeadlineMs = -Infinity;
  private wallDeadlineMs = -Infinity;

  constructor(
    readonly owner: string,
    private readonly clock: Clock,
  ) {}

  get deadlineMs(): number {
    return this.clock.now().getTime() < this.wallDeadlineMs ? this.monotonicDeadlineMs : -Infinity;
  }

  /** @param asked when its prolonging was asked for, which the database did later */
  prolong(asked: Instant): void {
    const lengthMs = LEASE_MS - LEASE_MARGIN_MS;
    this.monotonicDeadlineMs = Math.max(this.monotonicDeadlineMs, asked.monotonicMs + lengthMs);
    // Not the later one: the wall clock may have been put back.
    this.wallDeadlineMs = asked.wallMs + lengthMs;
  }

  end(): void {
    this.monotonicDeadlineMs = -Infinity;
  }
}

interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/**
 * Keeps one lease for all lanes of this process: what it costs doesn't grow with them. A process that stood still past its
 * lease finds it over, and goes on as a new owner that has to take each lane anew.
 */
export class LaneOwner {
  private lease: CountedLease | undefined;
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
    const asked = this.now();
    if (await this.repository.prolong(lease.owner, LEASE_MS)) {
      lease.prolong(asked);
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
    const asked = this.now();
    const owner = await this.repository.begin(LEASE_MS);
    // So that whoever looks at the table `lanes` can tell which process drives one.
    this.logger.log(`drives lanes as ${owner}`);
    const lease = new CountedLease(owner, this.clock);
    lease.prolong(asked);
    this.lease = lease;
    return lease;
  }

  private now(): Instant {
    return { monotonicMs: this.clock.monotonicMs(), wallMs: this.clock.now().getTime() };
  }

  private drop(lease: CountedLease): void {
    if (this.lease !== lease) return;
    this.lease = undefined;
    lease.end();
    this.logger.warn(`the lease of owner ${lease.owner} is over`);
    this.onOver(lease);
  }
}
