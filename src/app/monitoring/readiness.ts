import { Injectable } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { ClockWatch } from '../../platform/clock-watch/index.js';
import { DatabaseHealth } from '../../platform/database/index.js';
import { QueueHealth } from '../../platform/queue/index.js';

/** Something that this process needs for its work. */
export interface Need {
  readonly name: string;
  /** @returns why it isn't there; undefined where it is */
  findFault(): Promise<string | undefined>;
}

/**
 * What the roles of this process need. The API goes on without the queue: a wake that is lost is made again by the sweep;
 * and without clocks that agree, which hold nothing but sending.
 */
@Injectable()
export class Readiness {
  readonly needs: readonly Need[];

  constructor(
    configuration: Configuration,
    database: DatabaseHealth,
    queue: QueueHealth,
    private readonly clocks: ClockWatch,
  ) {
    const sends = configuration.hasRole('worker') || configuration.hasRole('scheduler');
    this.needs = [
      { name: 'database', findFault: () => database.findFault() },
      ...(sends
        ? [
            { name: 'queue', findFault: () => queue.findFault() },
            { name: 'clocks', findFault: () => Promise.resolve(this.findClockFault()) },
          ]
        : []),
    ];
  }

  private findClockFault(): string | undefined {
    if (!this.clocks.isHolding) return undefined;
    const seconds = this.clocks.databaseAheadSeconds;
    return `sending is held: the database's clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}`;
  }
}
