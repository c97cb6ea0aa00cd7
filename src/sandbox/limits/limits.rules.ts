/** Telegram's limits as the sandbox enforces them; null lifts one. */
export interface SandboxLimits {
  /** Calls that send, in any second, per bot. */
  messagesPerSecondPerBot: number | null;
  /** Lasting rate within one chat. */
  messagesPerSecondPerChat: number | null;
  /** How many may come at once in one chat before its rate bites. */
  chatBurst: number;
  /** Messages in any minute, per bot and group. */
  messagesPerMinutePerGroup: number | null;
  /** How long a breach lasts: `retry_after`, and everything in between is refused too. */
  restSeconds: number;
}

// https://core.telegram.org/bots/faq#broadcasting-to-users; Telegram names neither burst nor rest, 3 was seen of both.
export const telegramLimits: SandboxLimits = {
  messagesPerSecondPerBot: 30,
  messagesPerSecondPerChat: 1,
  chatBurst: 3,
  messagesPerMinutePerGroup: 20,
  restSeconds: 3,
};

/** With `allow_paid_broadcast` (https://core.telegram.org/bots/api#sendmessage). */
const paidMessagesPerSecondPerBot = 1_000;

/** Counts arrivals in a sliding window; exact, and no dearer than its limit. */
export class SlidingWindow {
  private arrivalsMs: number[] = [];
  private next = 0;

  constructor(private readonly windowMs: number) {}

  /** Whether one more would be the limit-and-first within the window. */
  isFull(nowMs: number, limit: number): boolean {
    if (this.arrivalsMs.length < limit) return false;
    if (this.arrivalsMs.length > limit) this.shrink(limit);
    return (this.arrivalsMs[this.next] ?? 0) > nowMs - this.windowMs;
  }

  add(nowMs: number, limit: number): void {
    if (this.arrivalsMs.length < limit) {
      this.arrivalsMs = this.inOrder();
      this.arrivalsMs.push(nowMs);
      this.next = 0;
      return;
    }
    this.arrivalsMs[this.next] = nowMs;
    this.next = (this.next + 1) % limit;
  }

  private shrink(limit: number): void {
    this.arrivalsMs = this.inOrder().slice(-limit);
    this.next = 0;
  }

  private inOrder(): number[] {
    if (this.next === 0) return this.arrivalsMs;
    return [...this.arrivalsMs.slice(this.next), ...this.arrivalsMs.slice(0, this.next)];
  }
}

/** A bot's pace over all its chats. */
export class BotPace {
  readonly second = new SlidingWindow(1000);
  readonly paidSecond = new SlidingWindow(1000);
  restUntilMs = 0;
}

/** A bot's pace within one chat. */
export class ChatPace {
  /** When the chat's allowance would be whole again (generic cell rate algorithm). */
  wholeAtMs = 0;
  restUntilMs = 0;
  minute: SlidingWindow | undefined;
}

/** What of a call the limits ask for. */
interface AdmittedCall {
  nowMs: number;
  isGroup: boolean;
  isPaid?: boolean;
}

export type LimitVerdict = { isAllowed: true } | { isAllowed: false; retryAfterSeconds: number };

const allowed: LimitVerdict = { isAllowed: true };

/**
 * Decides about one call that sends, and counts it when it may pass. A refused call does not count, but the rest that
 * a breach began goes on until its end.
 */
export function admitSending(
  limits: SandboxLimits,
  bot: BotPace,
  chat: ChatPace,
  call: AdmittedCall,
): LimitVerdict {
  const { nowMs } = call;
  const restUntilMs = Math.max(bot.restUntilMs, chat.restUntilMs);
  if (restUntilMs > nowMs) {
    return { isAllowed: false, retryAfterSeconds: Math.ceil((restUntilMs - nowMs) / 1000) };
  }
  const breached = findBreach(limits, bot, chat, call);
  if (breached) {
    breached.restUntilMs = nowMs + limits.restSeconds * 1000;
    return { isAllowed: false, retryAfterSeconds: Math.max(1, Math.ceil(limits.restSeconds)) };
  }
  count(limits, bot, chat, call);
  return allowed;
}

function findBreach(
  limits: SandboxLimits,
  bot: BotPace,
  chat: ChatPace,
  { nowMs, isGroup, isPaid = false }: AdmittedCall,
): { restUntilMs: number } | undefined {
  const { messagesPerSecondPerBot, messagesPerSecondPerChat, messagesPerMinutePerGroup, chatBurst } = limits;
  if (messagesPerSecondPerBot !== null) {
    const isFull = isPaid
      ? bot.paidSecond.isFull(nowMs, paidMessagesPerSecondPerBot)
      : bot.second.isFull(nowMs, messagesPerSecondPerBot);
    if (isFull) return bot;
  }
  if (messagesPerSecondPerChat !== null) {
    const spacingMs = 1000 / messagesPerSecondPerChat;
    if (chat.wholeAtMs - nowMs > spacingMs * (chatBurst - 1)) return chat;
  }
  const isMinuteFull =
    isGroup && messagesPerMinutePerGroup !== null && chat.minute?.isFull(nowMs, messagesPerMinutePerGroup);
  return isMinuteFull ? chat : undefined;
}

function count(
  limits: SandboxLimits,
  bot: BotPace,
  chat: ChatPace,
  { nowMs, isGroup, isPaid = false }: AdmittedCall,
): void {
  if (limits.messagesPerSecondPerBot !== null) {
    if (isPaid) bot.paidSecond.add(nowMs, paidMessagesPerSecondPerBot);
    else bot.second.add(nowMs, limits.messagesPerSecondPerBot);
  }
  if (limits.messagesPerSecondPerChat !== null) {
    chat.wholeAtMs = Math.max(chat.wholeAtMs, nowMs) + 1000 / limits.messagesPerSecondPerChat;
  }
  if (isGroup && limits.messagesPerMinutePerGroup !== null) {
    chat.minute ??= new SlidingWindow(60_000);
    chat.minute.add(nowMs, limits.messagesPerMinutePerGroup);
  }
}
