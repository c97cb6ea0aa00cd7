import { Injectable } from '@nestjs/common';
import { LoadingCache } from '../platform/cache/index.js';
import { Clock } from '../platform/clock/index.js';
import { Metrics } from '../platform/metrics/index.js';
import { type Backlog, BacklogRepository } from './backlog.repository.js';

/** So often at most is the database asked, however many ask this process. */
const KEPT_MS = 15_000;

/** What waits to be sent, of the whole installation: every process that tells it tells the same. */
@Injectable()
export class BacklogMetrics {
  private readonly readings: LoadingCache<'all', Backlog>;

  constructor(
    repository: BacklogRepository,
    clock: Clock,
    private readonly metrics: Metrics,
  ) {
    this.readings = new LoadingCache(clock, { capacity: 1, maxAgeMs: KEPT_MS }, () => repository.read());
    metrics.gauge(
      'arauto_deliveries_waiting',
      'Deliveries that are not settled yet, of all bots, by class; counted up to 100,000.',
      async () => {
        const { broadcasts, replies } = await this.readings.get('all');
        return [
          { labels: { class: 'broadcast' }, value: broadcasts },
          { labels: { class: 'reply' }, value: replies },
        ];
      },
      ['class'],
    );
    this.tell(
      'arauto_deliveries_oldest_seconds',
      'How long the oldest of them that could leave is due: its broadcast is not paused, its tenant not suspended.',
      ({ oldestSeconds }) => oldestSeconds,
    );
    this.tell(
      'arauto_replies_oldest_seconds',
      'Age of the oldest answer to a person that could leave, of the bots looked at.',
      ({ oldestReplySeconds }) => oldestReplySeconds,
    );
    this.tell(
      'arauto_broadcasts_going_on',
      'Broadcasts that are being planned or sent.',
      ({ goingOn }) => goingOn,
    );
    this.tell(
      'arauto_lanes_orphaned',
      'Bots whose worker died; taken over within seconds where a worker is left.',
      ({ orphanedLanes }) => orphanedLanes,
    );
  }
  private tell(name: string, help: string, find: (backlog: Backlog) => number): void {
    this.metrics.gauge(name, help, async () => [{ value: find(await this.readings.get('all')) }]);
  }
}
