/** One of those who share a room, with what it holds of it. */
export interface Sharer {
  readonly held: number;
  /** Gives something back by {@link SharedRoom.release}. */
  giveWay(): void;
}

/**
 * Bounds what all workspaces together keep of one kind. When it is full, whoever holds the most gives way, so that nobody
 * loses anything to somebody who has more.
 */
export class SharedRoom {
  private readonly sharers = new Set<Sharer>();
  private taken = 0;

  constructor(private readonly most: number) {}

  /** @param amount that the sharer holds from now on, beside what it held */
  take(sharer: Sharer, amount: number): void {
    this.sharers.add(sharer);
    this.taken += amount;
    while (this.taken > this.most) {
      const before = this.taken;
      this.findLargest()?.giveWay();
      if (this.taken === before) return; // Nobody has anything left that could go.
    }
  }

  release(amount: number): void {
    this.taken -= amount;
  }

  leave(sharer: Sharer): void {
    if (this.sharers.delete(sharer)) this.taken -= sharer.held;
  }

  private findLargest(): Sharer | undefined {
    let largest: Sharer | undefined;
    for (const sharer of this.sharers) if (!largest || sharer.held > largest.held) largest = sharer;
    return largest;
  }
}
