/** Lets so many things happen at once and no more; who waits longest goes next. */
export class Slots {
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  constructor(private readonly count: number) {}

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.taken < this.count) this.taken += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      // A slot that somebody waits for is handed on, not given back.
      const next = this.waiting.shift();
      if (next) next();
      else this.taken -= 1;
    }
  }
}
