import { AnswerWindow } from './answer-window.rules.js';
import {
  type ChatMemory,
  minuteMs,
  type PaceBeginning,
  type PacedChat,
  type PaceLimits,
  secondMs,
} from './pace.js';

/** How many chats are looked at for forgetting with each call: more than one, so that the memory shrinks. */
const sweptChats = 2;

/** What has left for one chat in its last second and minute, and how long it rests. */
export interface ChatPace {
  readonly second: AnswerWindow;
  readonly minute: AnswerWindow | undefined;
  restUntilMs: number;
  /** When the chat was last of interest; what is idle for longer than every window can be forgotten. */
  usedAtMs: number;
}

/** The paces of the chats of one bot, whatever the calls to them are counted for beside. */
export class ChatPaces {
  private readonly chats = new Map<string, ChatPace>();
  /** Until then a group that isn't remembered may have been written to twenty times. */
  private readonly groupsUnknownUntilMs: number;

  constructor(
    private readonly limits: Omit<PaceLimits, 'perSecond'>,
    { freeSinceMs, memory = {}, isMemoryWhole }: PaceBeginning,
  ) {
    this.groupsUnknownUntilMs =
      isMemoryWhole || limits.perGroupPerMinute === Infinity ? -Infinity : freeSinceMs + minuteMs;
    for (const chat of memory.chats ?? []) {
      const state = this.remember(chat, freeSinceMs);
      state.restUntilMs = freeSinceMs + chat.restMs;
      for (const ageMs of chat.agesMs) {
        for (const window of [state.second, ...(state.minute ? [state.minute] : [])]) {
          window.start();
          window.finish(freeSinceMs - ageMs, true);
        }
      }
    }
  }

  /** How many are remembered; it follows the calls of the last minute, not the size of the audience. */
  get size(): number {
    return this.chats.size;
  }

  /** What the next owner must know of them. */
  list(nowMs: number): ChatMemory[] {
    const listed: ChatMemory[] = [];
    for (const [key, { minute, restUntilMs }] of this.chats) {
      const agesMs = minute?.listAgesMs(nowMs) ?? [];
      const restMs = Math.max(0, restUntilMs - nowMs);
      if (agesMs.length > 0 || restMs > 0)
        listed.push({ key, isGroup: minute !== undefined, agesMs, restMs });
    }
    return listed;
  }

  /** The first instant at which a call to the chat may start, as far as the chat is concerned; see BotPace. */
  earliestStart(nowMs: number, chat: PacedChat): number {
    const state = this.chats.get(chat.key);
    if (!state) return chat.isGroup ? Math.max(nowMs, this.groupsUnknownUntilMs) : nowMs;
    return Math.max(
      state.restUntilMs,
      state.second.earliestStart(nowMs),
      state.minute?.earliestStart(nowMs) ?? nowMs,
    );
  }

  start(nowMs: number, chat: PacedChat): void {
    if (!this.isLimited(chat)) return;
    this.forgetIdle(nowMs);
    const state = this.remember(chat, nowMs);
    state.second.start();
    state.minute?.start();
  }

  /** @returns the chat's pace, where it has one */
  finish(nowMs: number, chat: PacedChat, hasArrived: boolean): ChatPace | undefined {
    const state = this.chats.get(chat.key);
    state?.second.finish(nowMs, hasArrived);
    state?.minute?.finish(nowMs, hasArrived);
    if (state) this.touch(chat.key, state, nowMs);
    return state;
  }

  /** A longer rest stays. */
  rest(untilMs: number, chat: PacedChat): void {
    const state = this.remember(chat, -Infinity);
    state.restUntilMs = Math.max(state.restUntilMs, untilMs);
  }

  private isLimited(chat: PacedChat): boolean {
    const { perChatPerSecond, perGroupPerMinute } = this.limits;
    return perChatPerSecond !== Infinity || (chat.isGroup && perGroupPerMinute !== Infinity);
  }

  private remember(chat: PacedChat, nowMs: number): ChatPace {
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
  private touch(key: string, state: ChatPace, nowMs: number): void {
    state.usedAtMs = nowMs;
    this.chats.delete(key);
    this.chats.set(key, state);
  }

  private forgetIdle(nowMs: number): void {
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
