import { type LimitMemory } from './adaptive-limit.rules.js';

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
export const secondMs = 1_005;
export const minuteMs = 60_005;
