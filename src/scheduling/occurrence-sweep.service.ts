import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../platform/clock/index.js';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { DueSchedulesRepository, type WaitingPosition } from './due-schedules.repository.js';
import { OccurrenceStarter } from './occurrence-starter.service.js';

const PAGE = 500;
/** How often what could not start is tried again. */
const SWEEP_EVERY_MS = 5_000;
/** What a fault of ours kept from starting for so long is given up. */
const GIVEN_UP_AFTER_SECONDS = 60 * 60;

/** Starts what waits: it was held until now, or who claimed it died before it started. A ticker's, between its claims. */
@Injectable()
export class OccurrenceSweep implements OnApplicationBootstrap {
  private readonly logger = new Logger(OccurrenceSweep.name);
  private nextAtMs = -Infinity;
  /** By the database's clock, when the last sweep began: what is held until later was not in it. */
  private begunAt = '-infinity';
  private position: WaitingPosition | undefined;
  private isSetBack = false;

  constructor(
    private readonly due: DueSchedulesRepository,
    private readonly starter: OccurrenceStarter,
    private readonly clock: Clock,
    private readonly clocks: ClockWatch,
  ) {}

  onApplicationBootstrap(): void {
    this.clocks.onDatabaseSetBack(() => (this.isSetBack = true));
  }

  /** A page of it, where it is time. */
  async run(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.nextAtMs) return;
    if (!(await this.clocks.look())) return;
    if (!this.position) await this.begin();
    const page = await this.due.findWaiting(PAGE, this.begunAt, this.position);
    this.position = page.length === PAGE ? page.at(-1) : undefined;
    if (!this.position) this.nextAtMs = nowMs + SWEEP_EVERY_MS;
    await this.starter.startAll(page);
  }

  /** How long there is nothing to do, in milliseconds; Infinity where nothing waits. */
  async msUntilNext(): Promise<number> {
    if (this.position) return 0;
    const heldMs = await this.due.msUntilHeld(this.begunAt);
    this.nextAtMs = Math.min(this.nextAtMs, this.clock.monotonicMs() + heldMs);
    return heldMs;
  }

  private async begin(): Promise<void> {
    if (this.isSetBack) await this.due.cutWaits();
    this.isSetBack = false;
    const failed = await this.due.failWaiting(GIVEN_UP_AFTER_SECONDS);
    if (failed > 0) this.logger.error(`${failed} occurrences could not start within an hour`);
    this.begunAt = await this.due.readClock();
  }
}
