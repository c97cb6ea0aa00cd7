/** What a bot may really send is unknown and may change: a 429 takes this share of the limit away. */
const keptAfterBreach = 0.7;
/** Below the limit that was breached, the way back up is safe to take quickly. */
const recoveryStepMs = 4_000;
/** Beyond it is a guess; each that fails doubles the wait before the next, up to an hour. */
const firstProbeMs = 60_000;
const longestProbeMs = 3_600_000;
/** Steps are one call a second, or for the large limits of paid broadcasts this share of the cap. */
const stepShare = 0.02;

/** Where a limit stood, in durations, so that another process can go on from there. */
export interface LimitMemory {
  readonly perSecond: number;
  readonly ceiling: number;
  readonly probeMs: number;
  readonly nextStepInMs: number;
}

/** A limit per second that falls on a 429 and climbs back in clean time. Times are monotonic milliseconds. */
export class AdaptiveLimit {
  private current: number;
  private ceiling: number;
  private nextStepAtMs = Infinity;
  private probeMs = firstProbeMs;
  private readonly step: number;

  /**
   * @param recalled where it stood before
   * @param recalledAtMs when that was: clean time since then counts
   */
  constructor(
    private readonly cap: number,
    recalled?: LimitMemory,
    recalledAtMs = 0,
  ) {
    this.step = Math.max(1, Math.floor(cap * stepShare));
    this.current = Math.max(1, Math.min(recalled?.perSecond ?? cap, cap));
    this.ceiling = Math.max(1, Math.min(recalled?.ceiling ?? cap, cap));
    if (!recalled || this.current === cap) return;
    this.probeMs = Math.max(firstProbeMs, Math.min(longestProbeMs, recalled.probeMs));
    this.nextStepAtMs = recalledAtMs + Math.max(0, recalled.nextStepInMs);
  }

  /** Undefined where it never fell, or is back at its cap. */
  remember(nowMs: number): LimitMemory | undefined {
    if (this.current >= this.cap) return undefined;
    const { current: perSecond, ceiling, probeMs } = this;
    return { perSecond, ceiling, probeMs, nextStepInMs: Math.max(0, this.nextStepAtMs - nowMs) };
  }

  get perSecond(): number {
    return this.current;
  }

  /** @param calmFromMs when the rest that goes with the breach is over */
  breach(calmFromMs: number): void {
    if (this.cap === Infinity) return;
    if (this.current > this.ceiling) this.probeMs = Math.min(longestProbeMs, this.probeMs * 2);
    this.ceiling = Math.max(1, this.current - this.step);
    this.current = Math.max(1, Math.floor(this.current * keptAfterBreach));
    this.scheduleStep(calmFromMs);
  }

  /** Climbs by what clean time has earned since the last look; true when the limit has changed. */
  climb(nowMs: number): boolean {
    const before = this.current;
    while (nowMs >= this.nextStepAtMs) {
      this.current = Math.min(this.cap, this.current + this.step);
      if (this.current === this.cap) {
        this.ceiling = this.cap;
        this.probeMs = firstProbeMs;
      }
      this.scheduleStep(this.nextStepAtMs);
    }
    return this.current !== before;
  }

  private scheduleStep(fromMs: number): void {
    if (this.current >= this.cap) this.nextStepAtMs = Infinity;
    else this.nextStepAtMs = fromMs + (this.current < this.ceiling ? recoveryStepMs : this.probeMs);
  }
}
