import {
  type BotApiOutcome,
  type BotPace,
  type PacedChat,
  type PaceMemory,
  type RestScope,
} from '../telegram/index.js';

/** What a pace must know of a delivery. */
export interface PacedDelivery {
  readonly pacedChat: PacedChat;
  /** Sent for Stars, and so not held to the free limit. */
  readonly isPaid: boolean;
}

/**
 * The paces of one bot: the usual one, and that of paid broadcasts, which Telegram counts apart. A rest is for both. How
 * far a 429 lowered the paid one is forgotten with its owner: the next begins carefully and finds it again.
 */
export class LanePace {
  constructor(
    private readonly usual: BotPace,
    private readonly paid: BotPace,
  ) {}

  /** How often in a row the Bot API could not be reached. */
  get outages(): number {
    return Math.max(this.usual.outages, this.paid.outages);
  }

  /** When anything may leave, as far as the bot as a whole is concerned. */
  earliestStart(nowMs: number, hasPaid: boolean): number {
    const usualMs = this.usual.earliestStart(nowMs);
    return hasPaid ? Math.min(usualMs, this.paid.earliestStart(nowMs)) : usualMs;
  }

  earliestStartOf(nowMs: number, delivery: PacedDelivery): number {
    return this.of(delivery).earliestStart(nowMs, delivery.pacedChat);
  }

  start(nowMs: number, delivery: PacedDelivery): void {
    this.of(delivery).start(nowMs, delivery.pacedChat);
  }

  finish(
    nowMs: number,
    outcome: BotApiOutcome,
    delivery: PacedDelivery,
  ): { scope: RestScope; untilMs: number } | undefined {
    const rest = this.of(delivery).finish(nowMs, outcome, delivery.pacedChat);
    if (rest?.scope === 'bot') this.rest(rest.untilMs);
    return rest;
  }

  rest(untilMs: number): void {
    this.usual.rest(untilMs);
    this.paid.rest(untilMs);
  }

  remember(nowMs: number): PaceMemory | undefined {
    return this.usual.remember(nowMs);
  }

  private of({ isPaid }: PacedDelivery): BotPace {
    return isPaid ? this.paid : this.usual;
  }
}
