import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeater } from '../clock/index.js';
import { type ClockWatch } from '../clock-watch/index.js';
import { type DispatcherDatabase } from '../database/index.js';

const CLEAN_EVERY_MS = 60 * 60 * 1_000;
/** Deleted in one transaction: short enough that nobody waits for it. */
const CHUNK = 10_000;

/** Rows of one table that nobody needs any more. Never of a partitioned table: rows are taken by their place in it. */
export interface OldRows {
  readonly table: string;
  /** The condition, by the database's clock, such as `created_at < now() - interval '48 hours'`. */
  readonly where: string;
}

/** Lets old rows go, at the start and then once an hour. Several processes may do it at once: each takes other rows. */
export class OldRowsCleaning implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Cleaning');
  private readonly repeaters: readonly Repeater[];
  private isStopping = false;

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly clocks: ClockWatch,
    kinds: readonly OldRows[],
  ) {
    this.repeaters = kinds.map((kind) => new Repeater(CLEAN_EVERY_MS, () => this.clean(kind), this.logger));
  }

  onApplicationBootstrap(): void {
    for (const repeater of this.repeaters) repeater.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.repeaters.map((repeater) => repeater.stop()));
  }

  private async clean({ table, where }: OldRows): Promise<void> {
    let deleted = CHUNK;
    // What is old by a clock that is wrong may be of today.
    while (deleted === CHUNK && !this.isStopping && (await this.clocks.look())) {
      const [row] = await this.database.query<{ count: number }>(
        `WITH gone AS (
           DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM ${table} WHERE ${where} LIMIT ${CHUNK} FOR UPDATE SKIP LOCKED)) RETURNING 1)
         SELECT count(*)::int AS count FROM gone`,
      );
      deleted = row?.count ?? 0;
      if (deleted > 0) this.logger.log(`${deleted} old rows of ${table} are gone`);
    }
  }
}
