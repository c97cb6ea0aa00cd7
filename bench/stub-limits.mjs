// What the stub lets a bot do: sliding windows per bot, chat and group, and a rest after a breach, as Telegram acts where
// it was looked at. Milliseconds come in; out comes how long the caller is told to wait.

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** An answer needs this long from us to whom it tells to wait, at most; what left before it came is innocent. */
const UNDER_WAY_MS = 50;

/** The instants of the last calls that were taken, as many as the limit lets through. */
class Window {
  #instants;
  #count = 0;

  constructor(limit, windowMs) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.#instants = new Float64Array(limit);
  }

  isFull(nowMs) {
    if (this.#count < this.limit) return false;
    return nowMs - this.#instants[this.#count % this.limit] < this.windowMs;
  }

  note(nowMs) {
    this.#instants[this.#count % this.limit] = nowMs;
    this.#count += 1;
  }
}

/** The limits of one bot and of its chats. */
export class BotLimits {
  #limits;
  #second;
  #chats = new Map();
  #restUntilMs = -Infinity;
  #knownFromMs = Infinity;

  /** @param limits { perSecond, restSeconds, perChatPerSecond, perGroupPerMinute } */
  constructor(limits) {
    this.#limits = limits;
    this.#second = new Window(limits.perSecond, SECOND_MS);
  }

  /** The hidden limit changes; what it counted is forgotten. */
  change(perSecond) {
    this.#second = new Window(perSecond, SECOND_MS);
  }

  /**
   * Takes a call or refuses it.
   * @param answerMs how long our answers take: a call that comes before the refusal did is not early
   * @returns { retryAfterSeconds, isEarly } where it is refused, undefined where it is taken
   */
  refuse(nowMs, chatId, answerMs) {
    if (nowMs < this.#restUntilMs) {
      const retryAfterSeconds = Math.ceil((this.#restUntilMs - nowMs) / 1_000);
      return { retryAfterSeconds, isEarly: nowMs > this.#knownFromMs };
    }
    const chat = this.#chatOf(chatId);
    if (this.#second.isFull(nowMs) || chat?.some((window) => window.isFull(nowMs))) {
      this.#restUntilMs = nowMs + this.#limits.restSeconds * 1_000;
      this.#knownFromMs = nowMs + answerMs + UNDER_WAY_MS;
      return { retryAfterSeconds: this.#limits.restSeconds, isEarly: false };
    }
    this.#second.note(nowMs);
    for (const window of chat ?? []) window.note(nowMs);
    return undefined;
  }

  #chatOf(chatId) {
    const { perChatPerSecond, perGroupPerMinute } = this.#limits;
    if (!perChatPerSecond) return undefined;
    let windows = this.#chats.get(chatId);
    if (!windows) {
      windows = [new Window(perChatPerSecond, SECOND_MS)];
      if (Number(chatId) < 0) windows.push(new Window(perGroupPerMinute, MINUTE_MS));
      this.#chats.set(chatId, windows);
    }
    return windows;
  }
}
