import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../platform/clock/index.js';
import { ClockWatch } from '../../platform/clock-watch/index.js';
import { DatabaseNotifications } from '../../platform/database/index.js';
import { REST_WHILE_HELD_MS, TickerLoop } from '../ticker-loop.js';
import { type DueSequence, DueSequencesRepository } from './due-sequences.repository.js';
import { MOST_PEOPLE, StepStarter } from './step-starter.service.js';

/** Sequences at the same time; the process's other work shares the pool. */
const CONCURRENCY = 4;
/** A sequence that fails is left alone for so long: the others must not wait for it, nor the log fill up. */
const LEFT_ALONE_MS = 5_000;
const SHORTEST_REST_MS = 50;

/**
 * Lets the steps of sequences become due, on the database's clock, in as many processes as there are. It rests until the
 * next step or until the bell of the schedules rings.
 */
@Injectable()
export class SequenceTicker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(SequenceTicker.name);
  private readonly loop: TickerLoop;
  /** When a sequence failed, by its number. */
  private readonly failedAtMs = new Map<string, number>();

  constructor(
    private readonly due: DueSequencesRepository,
    private readonly starter: StepStarter,
    notifications: DatabaseNotifications,
    private readonly clock: Clock,
    private readonly clocks: ClockWatch,
  ) {
    this.loop = new TickerLoop(notifications, this.logger, () => this.pass());
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
  }

  /** @returns how long there is nothing to do, in milliseconds */
  private async pass(): Promise<number> {
    if (this.clocks.isHolding) return REST_WHILE_HELD_MS;
    const sequences = (await this.due.findDue()).filter(({ no }) => !this.isLeftAlone(no));
    let hasMore = false;
    const work = async (): Promise<void> => {
      for (let one = sequences.pop(); one; one = sequences.pop())
        if ((await this.run(one)) === MOST_PEOPLE) hasMore = true;
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    if (hasMore) return 0;
    // Whoever another process has in hand, or who failed, seems due all the while.
    return Math.max(await this.due.msUntilNextDue(), SHORTEST_REST_MS);
  }

  /** A part of what a sequence has to do, so that a large one lets others pass. @returns how many people that were */
  private async run(sequence: DueSequence): Promise<number> {
    try {
      const retimed = sequence.isRetimed ? await this.starter.timeAgain(sequence) : 0;
      return Math.max(retimed, await this.starter.startDue(sequence));
    } catch (error) {
      this.logger.error(error, `sequence ${sequence.no} is tried again soon`);
      this.failedAtMs.set(sequence.no, this.clock.monotonicMs());
      return 0;
    }
  }

  private isLeftAlone(no: string): boolean {
    const isAlone = this.clock.monotonicMs() - (this.failedAtMs.get(no) ?? -Infinity) < LEFT_ALONE_MS;
    if (!isAlone) this.failedAtMs.delete(no);
    return isAlone;
  }
}
