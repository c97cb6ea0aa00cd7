import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { ClockWatch } from '../../platform/clock-watch/index.js';
import { ClockHolds } from './clock-holds.js';
import { type InstallationHealthView } from './installation-health.dto.js';

interface HealthRow {
  version: string;
  connections: number;
  active: number;
  suspended: number;
  driven: number;
  orphaned: number;
  broadcasts: number;
  oldest_due_at: Date | null;
  deliveries: number;
  updates: number;
  oldest_update_at: Date | null;
}

/** Nobody needs to know a backlog to the last row, and counting millions would be one more. */
const COUNTED = 100_000;

/** Crossing: figures of the whole installation, and nothing of anybody's content. */
@Injectable()
export class InstallationHealthRepository {
  constructor(
    private readonly dispatcher: DispatcherDatabase,
    private readonly clocks: ClockWatch,
    private readonly holds: ClockHolds,
  ) {}

  async read(): Promise<InstallationHealthView> {
    const [row] = await this.dispatcher.query<HealthRow>(
      `SELECT current_setting('server_version') AS version,
         (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database()) AS connections,
         tenants.*, lanes.*, broadcasts.*, deliveries.*, updates.*
       FROM
         (SELECT count(*) FILTER (WHERE state = 'active')::int AS active,
                 count(*) FILTER (WHERE state = 'suspended')::int AS suspended FROM tenants) AS tenants,
         (SELECT count(*) FILTER (WHERE o.until >= clock_timestamp())::int AS driven,
                 count(*) FILTER (WHERE o.until < clock_timestamp())::int AS orphaned
            FROM lanes l JOIN lane_owners o ON o.no = l.owner) AS lanes,
         (SELECT count(*)::int AS broadcasts, min(due_at) AS oldest_due_at
            FROM broadcasts WHERE state IN ('planning', 'sending')) AS broadcasts,
         (SELECT count(*)::int AS deliveries FROM (SELECT FROM deliveries WHERE is_open LIMIT ${COUNTED}) AS open)
           AS deliveries,
         (SELECT count(*)::int AS updates, min(received_at) AS oldest_update_at
            FROM (SELECT received_at FROM updates WHERE settled_at IS NULL LIMIT ${COUNTED}) AS waiting) AS updates`,
    );
    if (!row) throw new Error('SELECT returned no row.');
    return {
      database: { version: row.version, connections: row.connections },
      clocks: { databaseAheadSeconds: this.clocks.databaseAheadSeconds, holding: this.holds.list() },
      tenants: { active: row.active, suspended: row.suspended },
      lanes: { driven: row.driven, orphaned: row.orphaned },
      backlog: {
        broadcasts: row.broadcasts,
        oldestBroadcastDueAt: row.oldest_due_at?.toISOString() ?? null,
        deliveries: row.deliveries,
        updates: row.updates,
        oldestUpdateAt: row.oldest_update_at?.toISOString() ?? null,
      },
    };
  }
}
