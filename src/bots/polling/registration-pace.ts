import { Clock } from '../../platform/clock/index.js';

/** Telegram's public server loads 20 tokens a minute from one address, and 600 an hour; one of its own has no such limit. */
const PUBLIC_API_ROOT = 'https://api.telegram.org';
const LOADS_PER_MINUTE = 20;
const LOADS_PER_HOUR = 600;
const MINUTE_MS = 60_000;

/** Spares the public server tokens that it hasn't loaded: what doesn't fit now waits for a later turn. */
export class RegistrationPace {
  private readonly loadedAtMs: number[] = [];

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  /** Whether a token may be shown to that server now; counts it where it may. */
  tryTake(apiRoot: string, isLoaded: boolean): boolean {
    if (isLoaded || apiRoot !== PUBLIC_API_ROOT) return true;
    const nowMs = this.clock.monotonicMs();
    while ((this.loadedAtMs[0] ?? Infinity) <= nowMs - 60 * MINUTE_MS) this.loadedAtMs.shift();
    const inLastMinute = this.loadedAtMs.filter((atMs) => atMs > nowMs - MINUTE_MS).length;
    if (inLastMinute >= LOADS_PER_MINUTE || this.loadedAtMs.length >= LOADS_PER_HOUR) return false;
    this.loadedAtMs.push(nowMs);
    return true;
  }
}
