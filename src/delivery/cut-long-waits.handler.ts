import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { RESEND_UNKNOWN_AFTER_MS } from './delivery.rules.js';
import { LEASE_MS } from './lane-owner.js';

/** What waits for less is left as it is, whatever clocks did. */
const SHORT_WAIT_MS = 5 * 60_000;

/**
 * After the database's clock was set back, what was noted before would wait as much longer: a dead owner's lanes, a bot's
 * rest, the next try of a delivery; for months, where the clock had been wrong by months. Several processes may do it at once.
 */
@Injectable()
export class CutLongWaits implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(CutLongWaits.name);
  private cutting: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly clocks: ClockWatch,
  ) {}

  onApplicationBootstrap(): void {
    this.clocks.onDatabaseSetBack((setBackMs) => {
      this.cutting = this.cutting
        .then(() => this.cut(setBackMs))
        .catch((error: unknown) => this.logger.error(error, 'what waits too long could not be cut short'));
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.cutting;
  }

  private async cut(setBackMs: number): Promise<void> {
    // Whoever still has a lease had at most so much of it when it was asked for.
    await this.database.query(
      `UPDATE lane_owners SET until = clock_timestamp() + $1 * interval '1 ms'
       WHERE no IN (SELECT no FROM lane_owners WHERE until > clock_timestamp() + $1 * interval '1 ms'
                    ORDER BY no FOR UPDATE)`,
      [LEASE_MS],
    );
    // A rest that Telegram asked for before the clock was wrong may be among them: it says again how long, and is obeyed.
    const longMs = Math.max(SHORT_WAIT_MS, setBackMs / 2);
    await this.database.query(
      `UPDATE lanes SET rest_until = clock_timestamp()
       WHERE bot_no IN (SELECT bot_no FROM lanes WHERE rest_until > clock_timestamp() + $1 * interval '1 ms'
                        ORDER BY bot_no FOR UPDATE)`,
      [longMs],
    );
    // Some are tries of what is unknown, whose first try must surely be over.
    await this.database.query(
      `UPDATE deliveries SET not_before = clock_timestamp() + $1 * interval '1 ms'
       WHERE is_open AND state = 0 AND not_before > clock_timestamp() + $2 * interval '1 ms'`,
      [RESEND_UNKNOWN_AFTER_MS, longMs],
    );
  }
}
