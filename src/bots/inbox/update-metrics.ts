import { Injectable } from '@nestjs/common';
import { Metrics, type Tally } from '../../platform/metrics/index.js';

/** What came from Telegram, and what became of it. */
@Injectable()
export class UpdateMetrics {
  readonly stored: Tally;
  readonly worked: Readonly<Record<'settled' | 'failed', Tally>>;

  constructor(metrics: Metrics) {
    this.stored = metrics.tally(
      'arauto_updates_stored_total',
      'Updates taken from Telegram and kept; one that Telegram brings twice counts twice.',
    );
    this.worked = metrics.tallies(
      'arauto_updates_worked_total',
      'Updates worked on; a failed one is tried again, five times at most.',
      'outcome',
      ['settled', 'failed'],
    );
  }
}
