import {
  type BotApiOutcome,
  BotPace,
  ChatPaces,
  paidPerSecond,
  type PaceBeginning,
  type PacedChat,
  type PaceLimits,
  type PaceMemory,
  type RestScope,
} from '../telegram/index.js';

/** What a pace must know of a delivery. */
export interface PacedDelivery {
  readonly pacedChat: PacedChat;
  /** Sent for Stars, and so not held to the free limit. */
  readonly isPaid: boolean;
}

/** What the usual pace leaves to the next owner, and beside it the paid one; most lanes never have any paid for. */
export interface LanePaceMemory extends PaceMemory {
  readonly paid?: PaceMemory;
}

/**
 * The paces of one bot: the usual one, and that of paid broadcasts, whose calls Telegram counts apart for the bot. Its
 * chats have one pace for both; a rest is for both, and so is an outage.
 */
export class LanePace {
  private constructor(
    private readonly usual: BotPace,
    private readonly paid: BotPace,
    private readonly chats: ChatPaces,
  ) {}

  /**
   * @param limits of what is not paid for
   * @param memory what the owner before left
   */
  static begin(
    limits: PaceLimits,
    beginning: Omit<PaceBeginning, 'memory'>,
    { paid, ...usual }: LanePaceMemory = {},
  ): LanePace {
    const paidLimits = { ...limits, perSecond: Math.max(limits.perSecond, paidPerSecond) };
    const chats = new ChatPaces(limits, { ...beginning, memory: usual });
    return new LanePace(
      new BotPace(limits, { ...beginning, memory: usual }, chats),
      new BotPace(paidLimits, { ...beginning, memory: paid }, chats),
      chats,
    );
  }

  /** How often in a row the Bot API could not be reached. */
  get outages(): number {
    return this.usual.outages + this.paid.outages;
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
    if (outcome.kind !== 'notSent') {
      this.usual.forgetOutages();
      this.paid.forgetOutages();
    }
    return rest;
  }

  rest(untilMs: number): void {
    this.usual.rest(untilMs);
    this.paid.rest(untilMs);
  }

  /** Undefined where there is nothing to know. */
  remember(nowMs: number): LanePaceMemory | undefined {
    const paid = this.paid.remember(nowMs);
    const usual = this.usual.remember(nowMs);
    const chats = this.chats.list(nowMs);
    if (!paid && chats.length === 0) return usual;
    return { ...usual, ...(chats.length > 0 && { chats }), ...(paid && { paid }) };
  }

  private of({ isPaid }: PacedDelivery): BotPace {
    return isPaid ? this.paid : this.usual;
  }
}
