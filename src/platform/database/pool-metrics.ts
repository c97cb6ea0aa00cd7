import { Injectable } from '@nestjs/common';
import { type Pool } from 'pg';
import { Metrics, type Reading } from '../metrics/index.js';

/** How the pools of this process are used. */
@Injectable()
export class PoolMetrics {
  private readonly pools = new Map<string, Pool>();

  constructor(metrics: Metrics) {
    metrics.gauge(
      'arauto_database_connections',
      "Connections to PostgreSQL by pool: in use, idle; and work that waits for one (state 'awaited').",
      () => [...this.pools].flatMap(([name, pool]) => readingsOf(name, pool)),
      ['pool', 'state'],
    );
  }

  watch(name: string, pool: Pool): void {
    this.pools.set(name, pool);
  }
}

const readingsOf = (pool: string, { totalCount, idleCount, waitingCount }: Pool): Reading[] => [
  { labels: { pool, state: 'in_use' }, value: totalCount - idleCount },
  { labels: { pool, state: 'idle' }, value: idleCount },
  { labels: { pool, state: 'awaited' }, value: waitingCount },
];
