import { type Clock } from '../platform/clock/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type LaneShare, LaneTurns, SLICE_MS } from './lane-turns.rules.js';

/** What a lane holds while it is driven. */
export interface LanePlace extends LaneShare {
  sliceBeganMs: number;
  /** Its lane was told to give way. */
  isLeaving: boolean;
}

interface WaitingLane extends LaneShare {
  readonly resolve: (place: LanePlace | undefined) => void;
}

/** The places for lanes in this process, and the line for them, in which tenants take turns by the weight of their plans. */
export class LanePlaces {
  private readonly turns = new LaneTurns();
  private readonly taken = new Set<LanePlace>();
  private readonly line = new Map<TenantId, WaitingLane[]>();
  private isClosed = false;

  constructor(
    private readonly count: number,
    private readonly clock: Clock,
  ) {}

  get freeCount(): number {
    return this.isClosed ? 0 : this.count - this.taken.size;
  }

  /** Claims that lanes stand in line. */
  get isWanted(): boolean {
    return this.line.size > 0;
  }

  /** A place at once; undefined where all are taken. */
  takeFree(share: LaneShare): LanePlace | undefined {
    return this.freeCount > 0 ? this.take(share) : undefined;
  }

  /** A place when it is the lane's turn; undefined once no more are given. */
  standInLine({ tenantId, weight }: LaneShare): Promise<LanePlace | undefined> {
    return new Promise((resolve) => {
      if (this.isClosed) return resolve(undefined);
      const ofTenant = this.line.get(tenantId);
      const waiting = { tenantId, weight, resolve };
      if (ofTenant) ofTenant.push(waiting);
      else this.line.set(tenantId, [waiting]);
    });
  }

  giveBack(place: LanePlace): void {
    this.taken.delete(place);
    this.turns.end(place, this.clock.monotonicMs() - place.sliceBeganMs);
    const next = this.turns.findNext(this.heads());
    if (!next) return;
    const ofTenant = this.line.get(next.tenantId)!;
    ofTenant.shift();
    if (ofTenant.length === 0) this.line.delete(next.tenantId);
    next.resolve(this.take(next));
  }

  /**
   * Who is to give its place back, since others wait for it.
   *
   * @param driven the places whose lanes can be told so
   */
  makeRoom(driven: readonly LanePlace[]): Set<LanePlace> {
    this.turns.forgetSettled();
    const waiting = [...this.line.values()].flat();
    const freed = [...this.taken].filter(({ isLeaving }) => isLeaving).length;
    if (waiting.length <= freed) return new Set();
    const now = this.clock.monotonicMs();
    const had = driven.filter((place) => !place.isLeaving && now - place.sliceBeganMs > SLICE_MS);
    // Of one tenant's, those that have been here longest leave first.
    const leaving = new Set(this.turns.findLeaving(had.reverse(), waiting, freed));
    for (const place of had) {
      if (leaving.has(place)) {
        place.isLeaving = true;
      } else {
        this.turns.goOn(place);
        place.sliceBeganMs = now;
      }
    }
    return leaving;
  }

  /** Gives no more places; who stands in line goes without. */
  close(): void {
    this.isClosed = true;
    for (const ofTenant of this.line.values()) for (const { resolve } of ofTenant) resolve(undefined);
    this.line.clear();
  }

  private *heads(): Iterable<WaitingLane> {
    for (const [first] of this.line.values()) if (first) yield first;
  }

  private take({ tenantId, weight }: LaneShare): LanePlace {
    const place = { tenantId, weight, sliceBeganMs: this.clock.monotonicMs(), isLeaving: false };
    this.turns.begin(place);
    this.taken.add(place);
    return place;
  }
}
