import { AdaptiveLimit, type LimitMemory } from './adaptive-limit.rules.js';
import { AnswerWindow } from './answer-window.rules.js';
import type { BotApiOutcome } from './outcome.rules.js';

/** Telegram names about these numbers (Bots FAQ, "My bot is hitting limits") and promises none of them. */
export const usualPace = { perSecond: 30, perChatPerSecond: 1, perGroupPerMinute: 20 } as const;
/** With `allow_paid_broadcast`. */
export const paidPerSecond = 1_000;
/** A message of a paid broadcast costs a tenth of a Star (https://core.telegram.org/bots/api#sendmessage). */
export const messagesPerStar = 10;

/** How fast one bot may go. Infinity lifts a limit. */
export interface PaceLimits {
  perSecond: number;
  perChatPerSecond: number;
  perGroupPerMinute: number;
}

export type RestScope = 'bot' | 'chat';

/** A chat as pacing sees it. Groups, supergroups and channels have a limit of their own. */
export interface PacedChat {
  key: string;
  isGroup: boolean;
}

/**
 * What a pace leaves to whoever goes on with the bot, in durations, since no two processes share a monotonic clock. The
 * bot's own second isn't in it: it is taken for full.
 */
export interface PaceMemory {
  readonly limit?: LimitMemory;
  /** Groups that were written to within the last minute, and chats that rest. */
  readonly chats?: readonly ChatMemory[];
  /** How often in a row the Bot API could not be reached. */
  readonly outages?: number;
}

/** A chat in a {@link PaceMemory}: how long ago each call of its minute was answered, and how long it still rests. */
export interface ChatMemory {
  readonly key: string;
  readonly isGroup: boolean;
  readonly agesMs: readonly number[];
  readonly restMs: number;
}

/** How an owner begins. */
export interface PaceBeginning {
  /** The last instant at which an owner before could have called; its window is taken for full. */
  readonly freeSinceMs: number;
  readonly memory?: PaceMemory | undefined;
  /** False where the owner before died: then nobody knows which groups it wrote to in its last minute. */
  readonly isMemoryWhole: boolean;
}

/** A second, and what two clocks that count whole milliseconds can disagree by. */
const secondMs = 1_005;
const minuteMs = 60_005;
/** Timers come late; this much may be caught up at once, so that a limit of 1,000/s is met in small groups. */
const catchUpMs = 10;
/** How many chats are looked at for forgetting with each call: more than one, so that the memory shrinks. */
const sweptChats = 2;

interface ChatState {
  second: AnswerWindow;
  minute: AnswerWindow | undefined;
  restUntilMs: number;
  /** When the chat was last of interest; what is idle for longer than every window can be forgotten. */
  usedAtMs: number;
}

/**
 * When the calls of one bot may leave. A state machine without clock or timers: monotonic milliseconds come in, and
 * each answer is an instant or Infinity ("not before one of the calls in flight is answered"). Whoever drives it calls
 * `earliestStart`, sleeps, calls `start` in the same turn as the call leaves and `finish` with what became of it.
 */
export class BotPace {
  private readonly limit: AdaptiveLimit;
  private readonly window: AnswerWindow;
  private readonly chats = new Map<string, ChatState>();
  private restUntilMs: number;
  private nextEvenMs = -Infinity;

  /** How often in a row the Bot API could not be reached; calls that failed together count once. */
  private outageCount: number;
  /** Until then a group that isn't remembered may have been written to twenty times. */
  private readonly groupsUnknownUntilMs: number;

  constructor(
    private readonly limits: PaceLimits,
    { freeSinceMs, memory = {}, isMemoryWhole }: PaceBeginning,
  ) {
    this.limit = new AdaptiveLimit(limits.perSecond, memory.limit, freeSinceMs);
    this.window = new AnswerWindow(this.limit.perSecond, secondMs);
    this.restUntilMs = limits.perSecond === Infinity ? -Infinity : freeSinceMs + secondMs;
    this.groupsUnknownUntilMs =
      isMemoryWhole || limits.perGroupPerMinute === Infinity ? -Infinity : freeSinceMs + minuteMs;
    this.outageCount = memory.outages ?? 0;
    for (const chat of memory.chats ?? []) {
      const state = this.rememberChat(chat, freeSinceMs);
      state.restUntilMs = freeSinceMs + chat.restMs;
      for (const ageMs of chat.agesMs) {
        for (const window of [state.second, ...(state.minute ? [state.minute] : [])]) {
          window.start();
          window.finish(freeSinceMs - ageMs, true);
        }
      }
    }
  }

  /** What the next owner must know; undefined where there is nothing to know. */
  remember(nowMs: number): PaceMemory | undefined {
    const limit = this.limit.remember(nowMs);
    const chats: ChatMemory[] = [];
    for (const [key, { minute, restUntilMs }] of this.chats) {
      const agesMs = minute?.listAgesMs(nowMs) ?? [];
      const restMs = Math.max(0, restUntilMs - nowMs);
      if (agesMs.length > 0 || restMs > 0) chats.push({ key, isGroup: minute !== undefined, agesMs, restMs });
    }
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
    const state = chat && this.chats.get(chat.key);
    if (!state) return chat?.isGroup ? Math.max(earliestMs, this.groupsUnknownUntilMs) : earliestMs;
    return Math.max(
      earliestMs,
      state.restUntilMs,
      state.second.earliestStart(nowMs),
      state.minute?.earliestStart(nowMs) ?? nowMs,
    );
  }

  start(nowMs: number, chat?: PacedChat): void {
    const evenMs = secondMs / this.limit.perSecond;
    this.nextEvenMs = Math.max(this.nextEvenMs, nowMs - Math.max(evenMs, catchUpMs)) + evenMs;
    this.window.start();
    if (!chat || !this.isChatLimited(chat)) return;
    this.forgetIdleChats(nowMs);
    const state = this.rememberChat(chat, nowMs);
    state.second.start();
    state.minute?.start();
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
    const state = chat && this.chats.get(chat.key);
    this.window.finish(nowMs, hasArrived);
    state?.second.finish(nowMs, hasArrived);
    state?.minute?.finish(nowMs, hasArrived);
    if (chat && state) this.touchChat(chat.key, state, nowMs);
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
    if (!chat) {
      this.restUntilMs = Math.max(this.restUntilMs, untilMs);
      return;
    }
    const state = this.rememberChat(chat, -Infinity);
    state.restUntilMs = Math.max(state.restUntilMs, untilMs);
  }

  /**
   * Telegram does not say whom a 429 means. The chat, when its own calls explain it and the bot's as a whole do not;
   * otherwise the bot, since one call too early costs more than a rest too wide.
   */
  private findRestScope(nowMs: number, state: ChatState | undefined): RestScope {
    if (!state) return 'bot';
    const isBotBusy = this.window.countUsed(nowMs) * 2 > this.limit.perSecond;
    const chatCalls = (state.minute ?? state.second).countUsed(nowMs);
    return !isBotBusy && chatCalls > 1 ? 'chat' : 'bot';
  }

  private isChatLimited(chat: PacedChat): boolean {
    const { perChatPerSecond, perGroupPerMinute } = this.limits;
    return perChatPerSecond !== Infinity || (chat.isGroup && perGroupPerMinute !== Infinity);
  }

  private rememberChat(chat: PacedChat, nowMs: number): ChatState {
    const known = this.chats.get(chat.key);
    if (known) {
      known.usedAtMs = Math.max(known.usedAtMs, nowMs);
      return known;
    }
    const state = {
      second: new AnswerWindow(this.limits.perChatPerSecond, secondMs),
      minute: chat.isGroup ? new AnswerWindow(this.limits.perGroupPerMinute, minuteMs) : undefined,
      restUntilMs: -Infinity,
      usedAtMs: nowMs,
    };
    this.chats.set(chat.key, state);
    return state;
  }

  /** The map keeps its chats in the order of their last answer, the longest idle first. */
  private touchChat(key: string, state: ChatState, nowMs: number): void {
    state.usedAtMs = nowMs;
    this.chats.delete(key);
    this.chats.set(key, state);
  }

  private forgetIdleChats(nowMs: number): void {
    let left = sweptChats;
    for (const [key, state] of this.chats) {
      // What comes after it was of interest later, or was kept before and has its turn again.
      if (left === 0 || state.usedAtMs + secondMs > nowMs) return;
      left -= 1;
      const idleMs = state.minute ? minuteMs : secondMs;
      const isIdle = !state.second.hasInFlight() && state.usedAtMs + idleMs <= nowMs;
      this.chats.delete(key);
      // What must be kept goes to the end, so that it hides nothing behind it.
      if (!isIdle || state.restUntilMs > nowMs) this.chats.set(key, state);
    }
  }
}
