import { GroupedQuery } from '../platform/database/index.js';
import { type LaneOwner, type Lease } from './lane-owner.js';
import { type AcquiredLane, type LaneLeaseRepository, type ReleasedLane } from './lane-lease.repository.js';
import { type LaneRepository } from './lane.repository.js';

export interface TakenLane extends AcquiredLane {
  readonly lease: Lease;
}
export interface HeldLane extends ReleasedLane {
  readonly lease: Lease;
}

/** The lanes that are this process's: taken and let go in groups, all under its one lease. */
export class LaneHoldings {
  private readonly taking = new GroupedQuery((botNumbers: readonly string[]) => this.takeAll(botNumbers));
  private readonly lettingGo = new GroupedQuery((lanes: readonly HeldLane[]) => this.letAllGo(lanes));

  constructor(
    private readonly owner: LaneOwner,
    private readonly leases: LaneLeaseRepository,
    private readonly lanes: LaneRepository,
  ) {}

  /** @returns undefined where somebody else has it, or there is nothing for us */
  take(botNo: string): Promise<TakenLane | undefined> {
    return this.taking.ask(botNo);
  }

  /** @returns whether something waits in it that could leave now */
  letGo(lane: HeldLane): Promise<boolean> {
    return this.lettingGo.ask(lane);
  }

  /**
   * What is ours by the database, whatever we know of it: an answer may have been lost when a lane was taken, or let go.
   * @returns the lanes' epochs; undefined while there is no lease
   */
  async find(): Promise<{ lease: Lease; epochs: ReadonlyMap<string, string> } | undefined> {
    const lease = this.owner.held;
    return lease && { lease, epochs: await this.leases.findOwned(lease.owner) };
  }

  private async takeAll(botNumbers: readonly string[]): Promise<(TakenLane | undefined)[]> {
    const lease = await this.owner.current();
    const acquired = await this.leases.acquire(lease.owner, botNumbers);
    return acquired.map((lane) => lane && { ...lane, lease });
  }

  private async letAllGo(lanes: readonly HeldLane[]): Promise<boolean[]> {
    // Under a lease that is over a lane is somebody else's, or will be.
    const ours = lanes.filter(({ lease }) => lease === this.owner.held);
    if (ours[0]) await this.leases.release(ours[0].lease.owner, ours);
    const leftBehind = new Set(await this.lanes.findLeftBehind(ours.map(({ botNo }) => botNo)));
    return lanes.map(({ botNo }) => leftBehind.has(botNo));
  }
}
