import { Logger } from '@nestjs/common';
import { isRefusedData } from '../platform/database/index.js';
import { withoutLogContext } from '../platform/logging/index.js';
import {
  type Attempt,
  type DeliveryKey,
  deliveryKey,
  type JournalRepository,
  type SettledAttempt,
} from './journal.repository.js';
import { type Settlement } from './delivery.rules.js';
import { type DeliveryMetrics } from './delivery-metrics.js';

/** Who waits for an intent: told once whether the delivery may leave. */
export interface IntentHolder {
  onIntentDecided(attempt: Attempt, mayLeave: boolean): void;
  onSettled(settled: SettledAttempt): void;
}

interface PendingIntent {
  readonly attempt: Attempt;
  readonly holder: IntentHolder;
  /** Undecided until it is committed. */
  mayLeave: boolean;
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
 * Committed, but not told yet: with more than this no further group is begun, so that at most twice as many would be
 * unknown if this process died now.
 */
const MOST_UNTOLD = GROUP_SIZE;
/** What is written of an answer that can't be written as it is. */
const UNRECORDABLE: Settlement = { state: 'unknown', reason: 'unrecordable', messageId: null, delayMs: 0 };

/**
 * The journal of this process: groups what all its lanes want to send and what was answered since, and has it
 * committed by one statement at a time. While one is under way the next gathers, so the groups grow with the load; and
 * what the one before let go leaves meanwhile, so that neither this process nor the database waits for the other.
 */
export class Journal {
  private readonly logger = new Logger('Journal');
  private intents: PendingIntent[] = [];
  private settlements: PendingSettlement[] = [];
  private skips: PendingSkip[] = [];
  private isRunning = false;
  private isScheduled = false;
  private untold: PendingIntent[] = [];
  private isTelling = false;
  private onTold: (() => void) | undefined;

  constructor(
    private readonly repository: JournalRepository,
    private readonly metrics: Pick<DeliveryMetrics, 'noteSettled' | 'noteSkipped'>,
  ) {}

  /** Asks for one delivery to leave; the holder hears when that is committed, or that the lane is lost. */
  intend(attempt: Attempt, holder: IntentHolder): void {
    this.intents.push({ attempt, holder, mayLeave: false });
    this.schedule();
  }

  settle({ attempt, settlement }: SettledAttempt, holder: IntentHolder): void {
    this.settlements.push({ attempt, settlement, holder });
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
    withoutLogContext(() =>
      setTimeout(() => {
        this.isScheduled = false;
        void this.run();
      }, GATHER_MS),
    );
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
    const mayLeave = await this.record(
      day,
      intended.map(({ attempt }) => attempt),
      settled,
    );
    for (const settlement of settled) {
      this.metrics.noteSettled(settlement.settlement.state);
      settlement.holder.onSettled(settlement);
    }
    for (const [position, intent] of intended.entries()) {
      intent.mayLeave = mayLeave[position] === true;
      this.untold.push(intent);
    }
    if (!this.isTelling && this.untold.length > 0) void this.tell();
    if (this.untold.length > MOST_UNTOLD) await new Promise<void>((resolve) => (this.onTold = resolve));
  }

  /** Where PostgreSQL will never take some row of a statement, finds it by halves: the others are none the worse for it. */
  private async record(
    day: string,
    intents: readonly Attempt[],
    settlements: readonly SettledAttempt[],
  ): Promise<boolean[]> {
    if (intents.length + settlements.length === 0) return [];
    try {
      return await this.insist(() => this.repository.record(day, intents, settlements), isRefusedData);
    } catch (error) {
      if (intents.length + settlements.length === 1) {
        this.logger.error(error, `it can't be written what became of ${nameOf(intents, settlements)}`);
        const [settled] = settlements;
        if (settled && settled.settlement !== UNRECORDABLE)
          await this.record(day, [], [{ ...settled, settlement: UNRECORDABLE }]);
        return intents.map(() => false);
      }
      if (intents.length > 0 && settlements.length > 0) {
        await this.record(day, [], settlements);
        return this.record(day, intents, []);
      }
      const [first, last] = [halves(intents), halves(settlements)];
      const before = await this.record(day, first[0], last[0]);
      return [...before, ...(await this.record(day, first[1], last[1]))];
    }
  }

  /** Tells what was decided, in turns, so that answers are heard between them. */
  private async tell(): Promise<void> {
    this.isTelling = true;
    while (this.untold.length > 0) {
      await nextTurn();
      for (const { attempt, holder, mayLeave } of this.untold.splice(0, CALLS_PER_TURN))
        holder.onIntentDecided(attempt, mayLeave);
      if (this.untold.length <= MOST_UNTOLD) this.onTold?.();
    }
    this.isTelling = false;
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
      this.metrics.noteSkipped(ofDay.length);
      for (const { done } of ofDay) done();
    }
  }

  /**
   * Repeats a statement until it is committed: answers that people's phones already show must not be forgotten.
   * Safe, since both statements find their own traces; and while the database is away, leases run out, so that what
   * was only intended is refused when it is back.
   * @throws only what is hopeless
   */
  private async insist<Result>(
    statement: () => Promise<Result>,
    isHopeless: (error: unknown) => boolean = () => false,
  ): Promise<Result> {
    for (;;) {
      try {
        return await statement();
      } catch (error) {
        if (isHopeless(error)) throw error;
        this.logger.error(error, 'the journal could not be written; it is tried again');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

const nameOf = (intents: readonly Attempt[], settlements: readonly SettledAttempt[]): string =>
  [...intents, ...settlements.map(({ attempt }) => attempt)].map(deliveryKey).join();

function halves<Item>(items: readonly Item[]): [Item[], Item[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function daysOf(intents: readonly PendingIntent[], settlements: readonly PendingSettlement[]): Set<string> {
  const days = new Set<string>();
  let last: string | undefined;
  for (const pending of [intents, settlements]) {
    for (const { attempt } of pending) {
      // As good as always the same as before.
      if (attempt.plannedOn !== last) days.add((last = attempt.plannedOn));
    }
  }
  return days;
}
