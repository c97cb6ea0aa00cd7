import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';

/** Read anew after this, behind whoever asks. */
const FRESH_MS = 10_000;
/** Older than this it is waited for. */
const STALE_MS = 60_000;

/**
 * The days of which deliveries may be open: today by the database's clock, tomorrow before midnight, and whichever others
 * have something left. Deliveries are kept for months, a partition a day: a statement that names the days is planned for these
 * alone, and else for all (reading ahead for a hundred lanes: 5 ms instead of 77 after three months).
 */
@Injectable()
export class OpenDays {
  private days: readonly string[] = [];
  private readAtMs = -Infinity;
  private reading: Promise<readonly string[]> | undefined;

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly clock: Clock,
  ) {}

  /**
   * Each as YYYY-MM-DD. A day can be among them of which nothing is open; one that is missing, since something old was
   * planned just now, is there a moment later.
   * @param mostAgeMs whoever must not miss what is open waits for a newer list; with 0 one that is read after the call begins,
   * or is being read by then
   */
  async find(mostAgeMs = STALE_MS): Promise<readonly string[]> {
    const ageMs = this.clock.monotonicMs() - this.readAtMs;
    if (ageMs > mostAgeMs) return this.read();
    // Where this fails, it is waited for before long, and whoever waits hears of it.
    if (ageMs > FRESH_MS) this.read().catch(() => undefined);
    return this.days;
  }

  private read(): Promise<readonly string[]> {
    this.reading ??= this.readOnce().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readOnce(): Promise<readonly string[]> {
    const askedMs = this.clock.monotonicMs();
    const rows = await this.database.query<{ day: string }>(
      'SELECT day::text FROM open_delivery_days() AS day',
    );
    this.days = rows.map(({ day }) => day);
    this.readAtMs = askedMs;
    return this.days;
  }
}
