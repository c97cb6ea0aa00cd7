/** Lets so many things happen at once and no more; who waits longest goes next. */
export class Slots {
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  constructor(private readonly count: number) {}

  /** Nobody has one, and nobody waits. */
  get isIdle(): boolean {
    return this.taken === 0;
  }

  /** Does the work as soon as there is a slot for it. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.take();
    try {
      return await work();
    } finally {
      this.giveBack();
    }
  }

  private async take(): Promise<void> {
    if (this.taken < this.count) this.taken += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private giveBack(): void {
    // A slot that somebody waits for is handed on, not given back.
    const next = this.waiting.shift();
    if (next) next();
    else this.taken -= 1;
  }
}
