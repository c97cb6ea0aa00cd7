import { AdaptiveLimit } from './adaptive-limit.rules.js';
import { AnswerWindow } from './answer-window.rules.js';
import { type ChatPace, ChatPaces } from './chat-paces.rules.js';
import type { BotApiOutcome } from './outcome.rules.js';
import {
  type PaceBeginning,
  type PacedChat,
  type PaceLimits,
  type PaceMemory,
  type RestScope,
  secondMs,
} from './pace.js';

/** Timers come late; this much may be caught up at once, so that a limit of 1,000/s is met in small groups. */
const catchUpMs = 10;

/**
 * When the calls of one bot may leave. A state machine without clock or timers: monotonic milliseconds come in, and
 * each answer is an instant or Infinity ("not before one of the calls in flight is answered"). Whoever drives it calls
 * `earliestStart`, sleeps, calls `start` in the same turn as the call leaves and `finish` with what became of it.
 */
export class BotPace {
  private readonly limit: AdaptiveLimit;
  private readonly window: AnswerWindow;
  private readonly chats: ChatPaces;
  private restUntilMs: number;
  private nextEvenMs = -Infinity;
  /** How often in a row the Bot API could not be reached; calls that failed together count once. */
  private outageCount: number;

  /** @param sharedChats where the bot has several paces: whoever shares them out remembers them */
  constructor(
    limits: PaceLimits,
    beginning: PaceBeginning,
    private readonly sharedChats?: ChatPaces,
  ) {
    const { freeSinceMs, memory = {} } = beginning;
    this.chats = sharedChats ?? new ChatPaces(limits, beginning);
    this.limit = new AdaptiveLimit(limits.perSecond, memory.limit, freeSinceMs);
    this.window = new AnswerWindow(this.limit.perSecond, secondMs);
    this.restUntilMs = limits.perSecond === Infinity ? -Infinity : freeSinceMs + secondMs;
    this.outageCount = memory.outages ?? 0;
  }

  /** What the next owner must know; undefined where there is nothing to know. */
  remember(nowMs: number): PaceMemory | undefined {
    const limit = this.limit.remember(nowMs);
    const chats = this.sharedChats ? [] : this.chats.list(nowMs);
    const memory = {
      ...(limit && { limit }),
      ...(chats.length > 0 && { chats }),
      ...(this.outageCount > 0 && { outages: this.outageCount }),
    };
    return Object.keys(memory).length > 0 ? memory : undefined;
  }

  get outages(): number {
    return this.outageCount;
  }

  /** Another pace of the same bot has reached the Bot API. */
  forgetOutages(): void {
    this.outageCount = 0;
  }

  /** The limit that is in force now: the cap, or less after a 429. */
  get perSecond(): number {
    return this.limit.perSecond;
  }

  /** How many chats are remembered; it follows the calls of the last minute, not the size of the audience. */
  get rememberedChats(): number {
    return this.chats.size;
  }

  /**
   * The first instant, not before now, at which a call may start as far as is known; Infinity while only an answer can
   * tell. A call without a chat (`getMe`, `answerCallbackQuery`) counts for the bot alone.
   */
  earliestStart(nowMs: number, chat?: PacedChat): number {
    if (this.limit.climb(nowMs)) this.window.setLimit(this.limit.perSecond);
    const earliestMs = Math.max(this.restUntilMs, this.nextEvenMs, this.window.earliestStart(nowMs), nowMs);
    return chat ? Math.max(earliestMs, this.chats.earliestStart(nowMs, chat)) : earliestMs;
  }

  start(nowMs: number, chat?: PacedChat): void {
    const evenMs = secondMs / this.limit.perSecond;
    this.nextEvenMs = Math.max(this.nextEvenMs, nowMs - Math.max(evenMs, catchUpMs)) + evenMs;
    this.window.start();
    if (chat) this.chats.start(nowMs, chat);
  }

  /**
   * Ends what `start` began, with the same chat. A 429 lets the bot or the chat rest until `retry_after` has passed.
   * @returns the rest that a 429 began, so that other processes can be told
   */
  finish(
    nowMs: number,
    outcome: BotApiOutcome,
    chat?: PacedChat,
  ): { scope: RestScope; untilMs: number } | undefined {
    const hasArrived = outcome.kind !== 'notSent';
    if (hasArrived) this.outageCount = 0;
    else if (outcome.cause !== 'withdrawn' && nowMs >= this.restUntilMs) this.outageCount += 1;
    this.window.finish(nowMs, hasArrived);
    const state = chat && this.chats.finish(nowMs, chat, hasArrived);
    if (outcome.kind !== 'rateLimited') return undefined;

    const scope = this.findRestScope(nowMs, state);
    const untilMs = nowMs + outcome.retryAfterSeconds * 1000;
    if (scope === 'bot' && nowMs >= this.restUntilMs) {
      // Only the first of a volley: the others were on their way at the same, too high pace.
      this.limit.breach(untilMs);
      this.window.setLimit(this.limit.perSecond);
    }
    this.rest(untilMs, scope === 'chat' ? chat : undefined);
    return { scope, untilMs };
  }

  /** Lets the bot, or one chat, rest until an instant; a longer rest stays. For what another process was told. */
  rest(untilMs: number, chat?: PacedChat): void {
    if (chat) this.chats.rest(untilMs, chat);
    else this.restUntilMs = Math.max(this.restUntilMs, untilMs);
  }

  /**
   * Telegram does not say whom a 429 means. The chat, when its own calls explain it and the bot's as a whole do not;
   * otherwise the bot, since one call too early costs more than a rest too wide.
   */
  private findRestScope(nowMs: number, state: ChatPace | undefined): RestScope {
    if (!state) return 'bot';
    const isBotBusy = this.window.countUsed(nowMs) * 2 > this.limit.perSecond;
    const chatCalls = (state.minute ?? state.second).countUsed(nowMs);
    return !isBotBusy && chatCalls > 1 ? 'chat' : 'bot';
  }
}
