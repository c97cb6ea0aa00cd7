import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { RESEND_UNKNOWN_AFTER_MS } from './delivery.rules.js';
import { LEASE_MS } from './lane-owner.js';

/** What waits for less is left as it is, whatever clocks did. */
const SHORT_WAIT_MS = 5 * 60_000;
const RETRY_MS = 5_000;

/**
 * After the database's clock was set back, what was noted before would wait as much longer: a dead owner's lanes, a bot's
 * rest, the next try of a delivery, the look at a follow-up; for months, where the clock had been wrong by months. Several processes may do it at once.
 */
@Injectable()
export class CutLongWaits implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(CutLongWaits.name);
  private readonly stopping = new AbortController();
  private cutting: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly clocks: ClockWatch,
  ) {}

  onApplicationBootstrap(): void {
    this.clocks.onDatabaseSetBack((setBackMs) => {
      this.cutting = this.cutting.then(() => this.cutInTheEnd(setBackMs));
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.cutting;
  }

  /** Nobody says a second time that the clock was set back; and to cut twice does no harm. */
  private async cutInTheEnd(setBackMs: number): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        return await this.cut(setBackMs);
      } catch (error) {
        this.logger.error(error, 'what waits too long could not be cut short; it is tried again in a moment');
        await wait(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
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
      `UPDATE deliveries d SET not_before = clock_timestamp() + $1 * interval '1 ms'
       FROM (SELECT planned_on, source_no, chat_no, class FROM deliveries
             WHERE is_open AND state = 0 AND not_before > clock_timestamp() + $2 * interval '1 ms'
             ORDER BY planned_on, source_no, chat_no, class FOR UPDATE) AS long
       WHERE d.planned_on = long.planned_on AND d.source_no = long.source_no AND d.chat_no = long.chat_no
         AND d.class = long.class`,
      [RESEND_UNKNOWN_AFTER_MS, longMs],
    );
    // Looked at too soon, a follow-up is put off once more by whoever looks.
    await this.database.query(
      `UPDATE follow_ups SET look_at = clock_timestamp()
       WHERE id IN (SELECT id FROM follow_ups WHERE state = 'waiting' AND look_at > clock_timestamp() + $1 * interval '1 ms'
                    ORDER BY id FOR UPDATE)`,
      [longMs],
    );
  }
}
