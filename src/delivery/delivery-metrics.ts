import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock/index.js';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { Metrics, type Spread, type Tally } from '../platform/metrics/index.js';

/** From as good as at once to a broadcast that takes hours at its bot's pace. */
const LATENESS_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200];

/** As {@link DeliveryState}; what is queued again is counted as a further try. */
const OUTCOMES = { sent: 'sent', failed: 'failed', unknown: 'unknown', queued: 'again' } as const;
type Outcome = (typeof OUTCOMES)[keyof typeof OUTCOMES];

/** What this process sends. Adding costs a message about a tenth of a microsecond, all together. */
@Injectable()
export class DeliveryMetrics {
  private readonly attempts: Readonly<Record<Outcome, Tally>>;
  private readonly skipped: Tally;
  private readonly lateness: Spread;

  constructor(
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly clocks: ClockWatch,
  ) {
    this.attempts = metrics.tallies(
      'arauto_deliveries_total',
      'Deliveries by what was written down about a try: sent, failed, unknown, or again, which is tried once more.',
      'outcome',
      Object.values(OUTCOMES),
    );
    this.skipped = metrics.tally(
      'arauto_deliveries_skipped_total',
      'Deliveries passed over without a try, such as to people who pressed /stop meanwhile.',
    );
    this.lateness = metrics.spread(
      'arauto_delivery_lateness_seconds',
      "From a broadcast's due time until a message of it leaves; the pace that Telegram allows its bot is part of it.",
      LATENESS_SECONDS,
    );
  }

  /** Committed. */
  noteSettled(state: string): void {
    if (state in OUTCOMES) this.attempts[OUTCOMES[state as keyof typeof OUTCOMES]].add();
  }

  /** Committed. */
  noteSkipped(count: number): void {
    this.skipped.add(count);
  }

  /** A message leaves for the first time. @param dueAtMs by the database's clock; undefined for answers to people */
  noteLeaving(dueAtMs: number | undefined): void {
    if (dueAtMs === undefined) return;
    const databaseMs = this.clock.now().getTime() + this.clocks.databaseAheadSeconds * 1_000;
    this.lateness.observe(Math.max(0, databaseMs - dueAtMs) / 1_000);
  }

  watchLanes(lanes: { readonly driven: () => number; readonly most: number }): void {
    this.metrics.gauge('arauto_lanes_driven', 'Bots whose deliveries this process is sending.', lanes.driven);
    this.metrics.gauge(
      'arauto_lanes_most',
      'Bots whose deliveries this process can send at the same time (LANES_PER_WORKER).',
      () => lanes.most,
    );
  }
}
