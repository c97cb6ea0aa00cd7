import { Injectable } from '@nestjs/common';
import { LoadingCache } from '../../platform/cache/index.js';
import { Clock } from '../../platform/clock/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { Metrics } from '../../platform/metrics/index.js';

const KEPT_MS = 15_000;
/** Nobody needs to know a backlog to the last row. */
const COUNTED = 100_000;

interface Backlog {
  readonly updates: number;
  readonly oldest_seconds: number;
}

/** Crossing: how many updates wait to be worked on, and for how long. Read for whoever asks, at most every 15 s. */
@Injectable()
export class InboxBacklog {
  private readonly readings: LoadingCache<'all', Backlog>;

  constructor(
    private readonly dispatcher: DispatcherDatabase,
    clock: Clock,
    metrics: Metrics,
  ) {
    this.readings = new LoadingCache(clock, { capacity: 1, maxAgeMs: KEPT_MS }, () => this.read());
    metrics.gauge(
      'arauto_updates_waiting',
      'Updates received and not worked on yet, of all bots; counted up to 100,000.',
      async () => [{ value: (await this.readings.get('all')).updates }],
    );
    metrics.gauge('arauto_updates_oldest_seconds', 'Age of the oldest of them.', async () => [
      { value: (await this.readings.get('all')).oldest_seconds },
    ]);
  }

  private async read(): Promise<Backlog> {
    const [row] = await this.dispatcher.query<Backlog>(
      `SELECT count(*)::int AS updates,
              greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0))::float8 AS oldest_seconds
         FROM (SELECT received_at FROM updates WHERE settled_at IS NULL LIMIT ${COUNTED}) AS waiting`,
    );
    if (!row) throw new Error('SELECT returned no row.');
    return row;
  }
}
