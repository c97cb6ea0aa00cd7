import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { IS_LEFT } from '../../delivery/index.js';
import { Repeater } from '../../platform/clock/index.js';
import { ClockWatch } from '../../platform/clock-watch/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';

const CLEAN_EVERY_MS = 60 * 60 * 1_000;
/** Broadcasts of one look at the table. */
const CHUNK = 100;

interface OldBroadcast {
  readonly no: string;
  readonly plannedOn: string;
}

/** Lets go what a tenant wants kept for fewer days than the installation keeps it. */
@Injectable()
export class ShortRetentionCleaning implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Retention');
  private readonly cleaning = new Repeater(CLEAN_EVERY_MS, () => this.clean(), this.logger);
  private isStopping = false;

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly clocks: ClockWatch,
  ) {}

  onApplicationBootstrap(): void {
    this.cleaning.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    await this.cleaning.stop();
  }

  private async clean(): Promise<void> {
    if (!(await this.clocks.look())) return;
    let found = CHUNK;
    while (found === CHUNK && !this.isStopping) {
      const old = await this.findOldBroadcasts();
      for (const broadcast of old) await this.deleteBroadcast(broadcast);
      found = old.length;
    }
    await this.database.query(
      `DELETE FROM occurrences o USING tenants t WHERE t.id = o.tenant_id AND o.state <> 'waiting'
         AND o.created_at < now() - make_interval(days => t.retention_days)`,
    );
    await this.database.query(
      `DELETE FROM step_runs r USING tenants t WHERE t.id = r.tenant_id
         AND r.created_at < now() - make_interval(days => t.retention_days)`,
    );
  }

  /** Ended ones of which nothing is left to send. */
  private findOldBroadcasts(): Promise<OldBroadcast[]> {
    return this.database.query(
      `SELECT b.no::text, b.planned_on::text AS "plannedOn" FROM broadcasts b JOIN tenants t ON t.id = b.tenant_id
       WHERE t.retention_days IS NOT NULL AND b.planned_on < current_date - t.retention_days
         AND b.state NOT IN ('planning', 'sending', 'paused')
         AND NOT EXISTS (SELECT FROM deliveries d WHERE d.source_no = b.no AND ${IS_LEFT})
       ORDER BY b.no LIMIT ${CHUNK}`,
    );
  }

  /** A report counted from rows that are gone would not be true, so both go together. */
  private async deleteBroadcast({ no, plannedOn }: OldBroadcast): Promise<void> {
    await this.database.transaction(async (client) => {
      await client.query('DELETE FROM deliveries WHERE planned_on = $1 AND class = 1 AND source_no = $2', [
        plannedOn,
        no,
      ]);
      await client.query('DELETE FROM broadcasts WHERE no = $1', [no]);
    });
  }
}
