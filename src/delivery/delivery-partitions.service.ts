import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeater } from '../platform/clock/index.js';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { DAYS_KEPT } from './old-deliveries.js';
import { TotalsKeeper } from './totals-keeper.service.js';

const LOOK_EVERY_MS = 60 * 60 * 1_000;
/** Autovacuum comes once a minute at best. What sends goes by keys and doesn't need it; whoever reads a day at large does. */
const ANALYZE_EVERY_MS = 10_000;
/** A week without a scheduler, and no delivery goes into the partition for other days. */
const DAYS_AHEAD = 7;

/** One partition of deliveries a day: made ahead, and dropped when it is old, told in totals, and nothing in it is unfinished. */
@Injectable()
export class DeliveryPartitions implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('DeliveryPartitions');
  private readonly looking = new Repeater(LOOK_EVERY_MS, () => this.look(), this.logger);
  private readonly analyzing = new Repeater(ANALYZE_EVERY_MS, () => this.analyze(), this.logger);

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly totals: TotalsKeeper,
    private readonly clocks: ClockWatch,
  ) {}

  onApplicationBootstrap(): void {
    this.looking.start();
    this.analyzing.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.looking.stop(), this.analyzing.stop()]);
  }

  /** Today, and the day that was today when what is being sent was planned; the others fill no more. */
  private async analyze(): Promise<void> {
    await this.database.query(
      `SELECT analyze_delivery_partition((clock_timestamp() AT TIME ZONE 'UTC')::date - n) FROM generate_series(0, 1) AS n`,
    );
  }

  private async look(): Promise<void> {
    if (!(await this.clocks.look())) return;
    await this.database.query(
      `SELECT ensure_delivery_partition(current_date + n) FROM generate_series(0, ${DAYS_AHEAD}) AS n`,
    );
    for (const day of await this.findOldDays()) await this.drop(day);
  }

  private async findOldDays(): Promise<string[]> {
    const rows = await this.database.query<{ day: string }>(
      `SELECT day::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid,
         to_date(substring(relname FROM '^deliveries_([0-9]{8})$'), 'YYYYMMDD') AS day
       WHERE inhparent = 'deliveries'::regclass AND day < current_date - ${DAYS_KEPT} ORDER BY day`,
    );
    return rows.map(({ day }) => day);
  }

  /** One day that can't be dropped now doesn't keep the others. */
  private async drop(day: string): Promise<void> {
    try {
      if (!(await this.totals.keepDay(day))) {
        this.logger.warn(`deliveries of ${day} stay: the totals of some broadcasts are not kept yet`);
        return;
      }
      const [row] = await this.database.query<{ is_dropped: boolean }>(
        'SELECT drop_delivery_partition($1) AS is_dropped',
        [day],
      );
      if (row?.is_dropped) this.logger.log(`deliveries of ${day} are gone`);
      else this.logger.warn(`deliveries of ${day} stay: some are unfinished`);
    } catch (error) {
      this.logger.warn(`deliveries of ${day} could not be dropped; tried again later: ${String(error)}`);
    }
  }
}
