import { Logger } from '@nestjs/common';
import {
  type Attempt,
  type DeliveryKey,
  type JournalRepository,
  type SettledAttempt,
} from './journal.repository.js';

/** Who waits for an intent: told once whether the delivery may leave. */
export interface IntentHolder {
  onIntentDecided(attempt: Attempt, mayLeave: boolean): void;
  onSettled(attempt: Attempt): void;
}

interface PendingIntent {
  readonly attempt: Attempt;
  readonly holder: IntentHolder;
}
interface PendingSettlement extends SettledAttempt {
  readonly holder: IntentHolder;
}
interface PendingSkip {
  readonly delivery: DeliveryKey & { readonly reason: string };
  readonly done: () => void;
}

/** Most rows of one statement: enough to share its cost, few enough to keep it under ten milliseconds. */
const GROUP_SIZE = 1_000;
/** Waited for company before a statement that nobody else is waiting for. */
const GATHER_MS = 5;
const RETRY_MS = 250;
/** Calls that leave before answers are looked at again: so few connections serve many calls, a third less work each. */
const CALLS_PER_TURN = 32;

/**
 * The journal of this process: groups what all its lanes want to send and what was answered since, and has it
 * committed by one statement at a time. While one is under way the next gathers, so the groups grow with the load.
 */
export class Journal {
  private readonly logger = new Logger('Journal');
  private intents: PendingIntent[] = [];
  private settlements: PendingSettlement[] = [];
  private skips: PendingSkip[] = [];
  private isRunning = false;
  private isScheduled = false;

  constructor(private readonly repository: JournalRepository) {}

  /** Asks for one delivery to leave; the holder hears when that is committed, or that the lane is lost. */
  intend(attempt: Attempt, holder: IntentHolder): void {
    this.intents.push({ attempt, holder });
    this.schedule();
  }

  settle(settled: SettledAttempt, holder: IntentHolder): void {
    this.settlements.push({ ...settled, holder });
    this.schedule();
  }

  skip(delivery: DeliveryKey & { readonly reason: string }): Promise<void> {
    return new Promise((done) => {
      this.skips.push({ delivery, done });
      this.schedule();
    });
  }

  private hasWork(): boolean {
    return this.intents.length + this.settlements.length + this.skips.length > 0;
  }

  private schedule(): void {
    if (this.isRunning || this.isScheduled) return;
    this.isScheduled = true;
    setTimeout(() => {
      this.isScheduled = false;
      void this.run();
    }, GATHER_MS);
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.hasWork()) {
      const intents = this.intents.splice(0, GROUP_SIZE);
      const settlements = this.settlements.splice(0, GROUP_SIZE);
      const skips = this.skips.splice(0, GROUP_SIZE);
      for (const day of daysOf(intents, settlements)) await this.recordDay(day, intents, settlements);
      await this.recordSkips(skips);
    }
    this.isRunning = false;
  }

  private async recordDay(
    day: string,
    intents: PendingIntent[],
    settlements: PendingSettlement[],
  ): Promise<void> {
    const intended = intents.filter(({ attempt }) => attempt.plannedOn === day);
    const settled = settlements.filter(({ attempt }) => attempt.plannedOn === day);
    const mayLeave = await this.insist(() =>
      this.repository.record(
        day,
        intended.map(({ attempt }) => attempt),
        settled,
      ),
    );
    await this.tellDecisions(intended, mayLeave);
    for (const { attempt, holder } of settled) holder.onSettled(attempt);
  }

  private async tellDecisions(
    intents: readonly PendingIntent[],
    mayLeave: readonly boolean[],
  ): Promise<void> {
    for (const [position, { attempt, holder }] of intents.entries()) {
      if (position > 0 && position % CALLS_PER_TURN === 0) await nextTurn();
      holder.onIntentDecided(attempt, mayLeave[position] === true);
    }
  }

  private async recordSkips(skips: PendingSkip[]): Promise<void> {
    for (const day of new Set(skips.map(({ delivery }) => delivery.plannedOn))) {
      const ofDay = skips.filter(({ delivery }) => delivery.plannedOn === day);
      await this.insist(() =>
        this.repository.skip(
          day,
          ofDay.map(({ delivery }) => delivery),
        ),
      );
      for (const { done } of ofDay) done();
    }
  }

  /**
   * Repeats a statement until it is committed: answers that people's phones already show must not be forgotten.
   * Safe, since both statements find their own traces; and while the database is away, leases run out, so that what
   * was only intended is refused when it is back.
   */
  private async insist<Result>(statement: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await statement();
      } catch (error) {
        this.logger.error(error, 'the journal could not be written; it is tried again');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function daysOf(intents: readonly PendingIntent[], settlements: readonly PendingSettlement[]): Set<string> {
  const days = new Set<string>();
  for (const { attempt } of intents) days.add(attempt.plannedOn);
  for (const { attempt } of settlements) days.add(attempt.plannedOn);
  return days;
}
