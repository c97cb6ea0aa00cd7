import { BotLimits } from '../../../bench/stub-limits.mjs';

const ANSWER_MS = 50;
const GROUP = -7;
const limits = () =>
  new BotLimits({ perSecond: 30, restSeconds: 3, perChatPerSecond: 1, perGroupPerMinute: 20 });

describe('the limits of the receiving end', () => {
  it('have a chat that gets a second message within its second rest alone', () => {
    const bot = limits();
    expect(bot.refuse(0, 1, ANSWER_MS)).toBeUndefined();
    expect(bot.refuse(500, 1, ANSWER_MS)).toEqual({ retryAfterSeconds: 3, isEarly: false });
    expect(bot.refuse(700, 2, ANSWER_MS)).toBeUndefined();
    expect(bot.refuse(1_500, 1, ANSWER_MS)).toEqual({ retryAfterSeconds: 2, isEarly: true });
    expect(bot.refuse(3_500, 1, ANSWER_MS)).toBeUndefined();
  });

  it('let a group have twenty messages a minute', () => {
    const bot = limits();
    const first = Array.from({ length: 20 }, (_, n) => bot.refuse(n * 1_000, GROUP, ANSWER_MS));
    expect(first).toEqual(Array.from({ length: 20 }, () => undefined));
    expect(bot.refuse(59_000, GROUP, ANSWER_MS)).toEqual({ retryAfterSeconds: 3, isEarly: false });
    expect(bot.refuse(62_000, GROUP, ANSWER_MS)).toBeUndefined();
  });

  it('have a bot that is over its second rest as a whole', () => {
    const bot = limits();
    for (let chatId = 1; chatId <= 30; chatId += 1) bot.refuse(chatId, chatId, ANSWER_MS);
    expect(bot.refuse(500, 31, ANSWER_MS)).toEqual({ retryAfterSeconds: 3, isEarly: false });
    expect(bot.refuse(2_000, 99, ANSWER_MS)).toEqual({ retryAfterSeconds: 2, isEarly: true });
    expect(bot.refuse(3_500, 31, ANSWER_MS)).toBeUndefined();
  });
});
