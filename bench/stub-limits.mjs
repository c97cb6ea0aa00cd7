// What the stub lets a bot do: sliding windows per bot, chat and group, and after a breach a rest, of the chat alone where it
// was the chat's limit, as Telegram acts where it was looked at. Milliseconds come in; out comes how long the caller is told to wait.

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

/** What is counted together, a bot's calls or a chat's: full is full, and then it rests. */
class Counted {
  #restSeconds;
  #restUntilMs = -Infinity;
  #knownFromMs = Infinity;

  constructor(windows, restSeconds) {
    this.windows = windows;
    this.#restSeconds = restSeconds;
  }

  /** @returns {{ retryAfterSeconds: number, isEarly: boolean } | undefined} as BotLimits.refuse */
  refuse(nowMs, answerMs) {
    if (nowMs < this.#restUntilMs) {
      const retryAfterSeconds = Math.ceil((this.#restUntilMs - nowMs) / 1_000);
      return { retryAfterSeconds, isEarly: nowMs > this.#knownFromMs };
    }
    if (!this.windows.some((window) => window.isFull(nowMs))) return undefined;
    this.#restUntilMs = nowMs + this.#restSeconds * 1_000;
    this.#knownFromMs = nowMs + answerMs + UNDER_WAY_MS;
    return { retryAfterSeconds: this.#restSeconds, isEarly: false };
  }

  note(nowMs) {
    for (const window of this.windows) window.note(nowMs);
  }
}

/** The limits of one bot and of its chats. */
export class BotLimits {
  #limits;
  #bot;
  #chats = new Map();

  /** @param limits { perSecond, restSeconds, perChatPerSecond, perGroupPerMinute } */
  constructor(limits) {
    this.#limits = limits;
    this.#bot = new Counted([new Window(limits.perSecond, SECOND_MS)], limits.restSeconds);
  }

  /** The hidden limit changes; what it counted is forgotten. */
  change(perSecond) {
    this.#bot.windows = [new Window(perSecond, SECOND_MS)];
  }

  /**
   * Takes a call or refuses it.
   * @param answerMs how long our answers take: a call that comes before the refusal did is not early
   * @returns {{ retryAfterSeconds: number, isEarly: boolean } | undefined} undefined where it is taken
   */
  refuse(nowMs, chatId, answerMs) {
    const chat = this.#chatOf(chatId);
    const refusal = this.#bot.refuse(nowMs, answerMs) ?? chat?.refuse(nowMs, answerMs);
    if (refusal) return refusal;
    this.#bot.note(nowMs);
    chat?.note(nowMs);
    return undefined;
  }

  #chatOf(chatId) {
    const { perChatPerSecond, perGroupPerMinute, restSeconds } = this.#limits;
    if (!perChatPerSecond) return undefined;
    let chat = this.#chats.get(chatId);
    if (!chat) {
      const windows = [new Window(perChatPerSecond, SECOND_MS)];
      if (Number(chatId) < 0) windows.push(new Window(perGroupPerMinute, MINUTE_MS));
      this.#chats.set(chatId, (chat = new Counted(windows, restSeconds)));
    }
    return chat;
  }
}
