/** Lets so many things happen at once and no more; who waits longest goes next. */
export class Slots {
  private readonly waiting: ((isMine: boolean) => void)[] = [];
  private taken = 0;
  private isClosed = false;

  constructor(private readonly count: number) {}

  /** How many wait for a slot. */
  get waitingCount(): number {
    return this.waiting.length;
  }

  /** Nobody has one, and nobody waits. */
  get isIdle(): boolean {
    return this.taken === 0;
  }

  /** Does the work as soon as there is a slot for it. Not for slots that are closed some day: see {@link take}. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!(await this.take())) throw new Error('These slots are closed.');
    try {
      return await work();
    } finally {
      this.giveBack();
    }
  }

  /** For work that outlasts the call. @returns whether the slot was given; false once no more are */
  async take(): Promise<boolean> {
    if (this.isClosed) return false;
    if (this.taken < this.count) {
      this.taken += 1;
      return true;
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  giveBack(): void {
    // A slot that somebody waits for is handed on, not given back.
    const next = this.waiting.shift();
    if (next) next(true);
    else this.taken -= 1;
  }

  /** Gives no more slots; who waits for one goes without. */
  close(): void {
    this.isClosed = true;
    for (const resolve of this.waiting.splice(0)) resolve(false);
  }
}
