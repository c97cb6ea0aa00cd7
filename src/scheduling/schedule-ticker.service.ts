import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { DatabaseNotifications } from '../platform/database/index.js';
import { withLogContext } from '../platform/logging/index.js';
import { Metrics, type Spread } from '../platform/metrics/index.js';
import { type DueDecision, type DueSchedule, DueSchedulesRepository } from './due-schedules.repository.js';
import { OccurrenceStarter } from './occurrence-starter.service.js';
import { OccurrenceSweep } from './occurrence-sweep.service.js';
import { decideRuns } from './rules/missed-runs.rules.js';
import { decideZones } from './rules/zone-runs.rules.js';
import { REST_WHILE_HELD_MS, TickerLoop } from './ticker-loop.js';

const BATCH = 500;
/** A due time is noticed within milliseconds; what was missed while nothing ran may be days late. */
const LATENESS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600];

/**
 * Lets schedules become due, on the database's clock, in as many processes as there are. It rests until the next due
 * time or until a bell tells of an earlier one.
 */
@Injectable()
export class ScheduleTicker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ScheduleTicker.name);
  private readonly loop: TickerLoop;
  private readonly lateness: Spread;
  private starting: Promise<void> = Promise.resolve();

  constructor(
    private readonly due: DueSchedulesRepository,
    private readonly starter: OccurrenceStarter,
    private readonly sweep: OccurrenceSweep,
    notifications: DatabaseNotifications,
    private readonly clocks: ClockWatch,
    metrics: Metrics,
  ) {
    this.lateness = metrics.spread(
      'arauto_schedule_lateness_seconds',
      'From a due time of a schedule until a scheduler took it in hand, for those that run.',
      LATENESS_SECONDS,
    );
    this.loop = new TickerLoop(notifications, this.logger, () => this.pass());
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
    await this.starting;
  }

  /** @returns how long there is nothing to do, in milliseconds */
  private async pass(): Promise<number> {
    if (this.clocks.isHolding) return REST_WHILE_HELD_MS;
    const latenesses: number[] = [];
    const { taken, waiting } = await this.due.claimDue(BATCH, (schedule, now) => {
      const decision = this.decide(schedule, now);
      for (const { dueAt, skipReason } of decision.runs) {
        if (skipReason === undefined) latenesses.push((now.getTime() - dueAt.getTime()) / 1_000);
      }
      return decision;
    });
    // Only now is it committed.
    for (const seconds of latenesses) this.lateness.observe(seconds);
    // While these start the next are claimed, but no more: what a process has in hand is late if it dies.
    await this.starting;
    this.starting = this.starter.startAll(waiting);
    await this.sweep.run();
    if (taken === BATCH) return 0;
    return Math.min(await this.due.msUntilNextDue(), await this.sweep.msUntilNext());
  }

  /** One bad row ends its own schedule and never a pass. */
  private decide(schedule: DueSchedule, now: Date): DueDecision {
    try {
      if (schedule.fault) throw schedule.fault;
      const { timing, policy, local, dueAt } = schedule;
      const decided = local
        ? decideZones(timing, policy, local, now)
        : decideRuns(timing, policy, dueAt, now);
      return {
        schedule,
        ...decided,
        runs: schedule.isTenantActive
          ? decided.runs
          : decided.runs.map((run) => ({ ...run, skipReason: 'tenant_suspended' as const })),
        ...(decided.nextRunAt === null && { endReason: 'completed' as const }),
      };
    } catch (error) {
      const ids = { tenantId: schedule.tenantId, scheduleId: schedule.id };
      withLogContext(ids, () => this.logger.error(error, `schedule ${schedule.id} is ended`));
      return { schedule, runs: [], nextRunAt: null, endReason: 'unreadable_rule' };
    }
  }
}
