/**
 * A limit of so many calls per window that no network can make us breach: a call may leave while those in flight and
 * those answered within the last window are fewer than the limit. A call arrives somewhere between its start and its
 * answer, so no window anywhere sees more arrivals than the limit. Times are monotonic milliseconds, handed in.
 */
export class AnswerWindow {
  private inFlight = 0;
  /** When the calls of the last window were answered: a ring that grows up to the limit, oldest at `oldest`. */
  private ring: number[] = [];
  private oldest = 0;
  private answered = 0;

  constructor(
    private limit: number,
    private readonly windowMs: number,
  ) {}

  /** When a call may start; Infinity while only an answer can make room. */
  earliestStart(nowMs: number): number {
    if (this.limit === Infinity) return nowMs;
    this.forget(nowMs);
    const tooMany = this.inFlight + this.answered - this.limit + 1;
    if (tooMany <= 0) return nowMs;
    if (tooMany > this.answered) return Infinity;
    return this.answeredAt(tooMany - 1) + this.windowMs;
  }

  start(): void {
    this.inFlight += 1;
  }

  /** @param hasArrived false when the call surely never reached Telegram, so that it takes no room any more */
  finish(nowMs: number, hasArrived: boolean): void {
    this.inFlight -= 1;
    if (!hasArrived || this.limit === Infinity) return;
    this.forget(nowMs);
    if (this.answered === this.ring.length) this.grow();
    this.ring[(this.oldest + this.answered) % this.ring.length] = nowMs;
    this.answered += 1;
  }

  /** How long ago each call of the window was answered, oldest first: for whoever goes on after us. */
  listAgesMs(nowMs: number): number[] {
    this.forget(nowMs);
    return Array.from({ length: this.answered }, (_, position) => nowMs - this.answeredAt(position));
  }

  setLimit(limit: number): void {
    this.limit = limit;
  }

  /** How much of the limit is in use. */
  countUsed(nowMs: number): number {
    this.forget(nowMs);
    return this.inFlight + this.answered;
  }

  hasInFlight(): boolean {
    return this.inFlight > 0;
  }

  private forget(nowMs: number): void {
    while (this.answered > 0 && this.answeredAt(0) + this.windowMs <= nowMs) {
      this.oldest = (this.oldest + 1) % this.ring.length;
      this.answered -= 1;
    }
  }

  private answeredAt(position: number): number {
    return this.ring[(this.oldest + position) % this.ring.length] as number;
  }

  private grow(): void {
    const inOrder = Array.from({ length: this.answered }, (_, position) => this.answeredAt(position));
    this.ring = [...inOrder, ...new Array<number>(Math.max(1, this.answered)).fill(0)];
    this.oldest = 0;
  }
}
