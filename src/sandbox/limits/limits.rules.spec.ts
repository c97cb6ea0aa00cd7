import {
  admitSending,
  BotPace,
  ChatPace,
  SlidingWindow,
  type SandboxLimits,
  telegramLimits,
} from './limits.rules.js';

const lifted: SandboxLimits = {
  ...telegramLimits,
  messagesPerSecondPerBot: null,
  messagesPerSecondPerChat: null,
  messagesPerMinutePerGroup: null,
};

/** Sends to a fresh chat each time unless told otherwise; gives the instants that passed. */
function countAllowed(
  limits: SandboxLimits,
  instantsMs: readonly number[],
  oneChat?: { isGroup: boolean },
): number {
  const bot = new BotPace();
  const chat = new ChatPace();
  return instantsMs.filter(
    (nowMs) =>
      admitSending(limits, bot, oneChat ? chat : new ChatPace(), {
        nowMs,
        isGroup: oneChat?.isGroup ?? false,
      }).isAllowed,
  ).length;
}

const every = (spacingMs: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => 1000 + index * spacingMs);

describe('admitSending', () => {
  it('lets 30 pass in any second and refuses the next', () => {
    expect(countAllowed(telegramLimits, every(1, 31))).toBe(30);
    expect(countAllowed(telegramLimits, every(34, 300))).toBe(300);
    expect(countAllowed({ ...telegramLimits, restSeconds: 1 }, every(30, 34))).toBe(30);
  });

  it('refuses everything during the rest after a breach, and says how long it lasts', () => {
    const bot = new BotPace();
    const send = (nowMs: number): unknown =>
      admitSending(telegramLimits, bot, new ChatPace(), { nowMs, isGroup: false });
    for (let index = 0; index < 30; index++) send(0);
    expect(send(10)).toEqual({ isAllowed: false, retryAfterSeconds: 3 });
    expect(send(1500)).toEqual({ isAllowed: false, retryAfterSeconds: 2 });
    expect(send(3009)).toEqual({ isAllowed: false, retryAfterSeconds: 1 });
    expect(send(3010)).toEqual({ isAllowed: true });
  });

  it('lets a short burst pass in one chat, then one a second', () => {
    const limits = { ...lifted, messagesPerSecondPerChat: 1 };
    expect(countAllowed(limits, every(1, 4), { isGroup: false })).toBe(3);
    expect(countAllowed(limits, every(1000, 50), { isGroup: false })).toBe(50);
  });

  it('lets 20 a minute pass in a group', () => {
    const limits = { ...lifted, messagesPerMinutePerGroup: 20 };
    expect(countAllowed(limits, every(100, 21), { isGroup: true })).toBe(20);
    expect(countAllowed(limits, every(100, 21), { isGroup: false })).toBe(21);
    expect(countAllowed(limits, every(3001, 60), { isGroup: true })).toBe(60);
  });

  it('a chat that rests leaves the others alone', () => {
    const bot = new BotPace();
    const busy = new ChatPace();
    const send = (chat: ChatPace): boolean =>
      admitSending(telegramLimits, bot, chat, { nowMs: 0, isGroup: false }).isAllowed;
    expect([send(busy), send(busy), send(busy), send(busy)]).toEqual([true, true, true, false]);
    expect(send(new ChatPace())).toBe(true);
  });

  it('holds what is paid for to a thousand a second, beside what is not', () => {
    const bot = new BotPace();
    const send = (isPaid: boolean): boolean =>
      admitSending(telegramLimits, bot, new ChatPace(), { nowMs: 0, isGroup: false, isPaid }).isAllowed;
    for (let index = 0; index < 30; index++) expect(send(false)).toBe(true);
    for (let index = 0; index < 1_000; index++) expect(send(true)).toBe(true);
    expect(send(true)).toBe(false);
  });

  it('refuses nothing when every limit is lifted', () => {
    expect(countAllowed(lifted, every(0, 1000), { isGroup: true })).toBe(1000);
  });
});

describe('SlidingWindow', () => {
  it('is exact at its edge and follows a limit that changes', () => {
    const window = new SlidingWindow(1000);
    for (const at of [0, 100, 200]) window.add(at, 3);
    expect(window.isFull(999, 3)).toBe(true);
    expect(window.isFull(1000, 3)).toBe(false);
    expect(window.isFull(999, 4)).toBe(false);
    window.add(300, 4);
    expect(window.isFull(1250, 2)).toBe(false);
    expect(window.isFull(1199, 2)).toBe(true);
  });
});
