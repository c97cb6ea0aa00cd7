/**
 * Lets so many uploads in at once, and so many of one guest; the others wait unread, so that TCP holds their bytes instead
 * of our memory.
 */
export class UploadGate<Guest> {
  private readonly inside = new Map<Guest, number>();
  private taken = 0;
  private readonly waiting: { guest: Guest; open: () => void }[] = [];

  constructor(
    private readonly places: number,
    private readonly placesOfOne: number,
  ) {}

  /**
   * @param gone tells that whoever waits has gone away
   * @returns whether it is inside, and then must leave; false where it went away while it waited
   */
  async enter(guest: Guest, gone: AbortSignal): Promise<boolean> {
    if (gone.aborted) return false;
    if (this.mayEnter(guest)) {
      this.admit(guest);
      return true;
    }
    return new Promise<boolean>((decide) => {
      const waiter = { guest, open: () => decide(true) };
      this.waiting.push(waiter);
      gone.addEventListener('abort', () => {
        const index = this.waiting.indexOf(waiter);
        if (index < 0) return;
        this.waiting.splice(index, 1);
        decide(false);
      });
    });
  }

  /** The place goes straight to whoever has waited longest of those who may come in. */
  leave(guest: Guest): void {
    this.taken--;
    const left = (this.inside.get(guest) ?? 1) - 1;
    if (left > 0) this.inside.set(guest, left);
    else this.inside.delete(guest);
    const index = this.waiting.findIndex((next) => this.mayEnter(next.guest));
    const [next] = index < 0 ? [] : this.waiting.splice(index, 1);
    if (!next) return;
    this.admit(next.guest);
    next.open();
  }

  private mayEnter(guest: Guest): boolean {
    return this.taken < this.places && (this.inside.get(guest) ?? 0) < this.placesOfOne;
  }

  private admit(guest: Guest): void {
    this.taken++;
    this.inside.set(guest, (this.inside.get(guest) ?? 0) + 1);
  }
}
