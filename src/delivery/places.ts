/** So many lanes are driven here at the same time; who waits longest for a place gets the next one. */
export class Places {
  private readonly waiting: ((isMine: boolean) => void)[] = [];
  private taken = 0;
  private isClosed = false;

  constructor(private readonly count: number) {}

  /** How many wait for a place. */
  get waitingCount(): number {
    return this.waiting.length;
  }

  /** @returns whether the place was given; false once no more are */
  async take(): Promise<boolean> {
    if (this.isClosed) return false;
    if (this.taken < this.count) {
      this.taken += 1;
      return true;
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  giveBack(): void {
    // A place that somebody waits for is handed on.
    const next = this.waiting.shift();
    if (next) next(true);
    else this.taken -= 1;
  }

  /** Gives no more places; who waits for one goes without. */
  close(): void {
    this.isClosed = true;
    for (const resolve of this.waiting.splice(0)) resolve(false);
  }
}
