import { Injectable } from '@nestjs/common';
import { ClockWatch } from '../../platform/clock-watch/index.js';
import { Metrics } from '../../platform/metrics/index.js';

/** Whether the clocks agree by which everything is due. */
@Injectable()
export class ClockMetrics {
  constructor(metrics: Metrics, clocks: ClockWatch) {
    metrics.gauge(
      'arauto_clock_ahead_seconds',
      "How far the database's clock is ahead of this process's; more than 60 either way holds sending.",
      () => clocks.databaseAheadSeconds,
    );
    metrics.gauge(
      'arauto_sending_held',
      '1 while sending is held in this process because of the clocks.',
      () => (clocks.isHolding ? 1 : 0),
    );
  }
}
