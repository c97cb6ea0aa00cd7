import { estimateSendingSeconds } from './sending-time.rules.js';

describe('estimateSendingSeconds', () => {
  it.each([
    ['10,000 chats of one bot take 6 min 7 s', [10_000], 30, 367],
    ['bots send side by side', [3_000, 10_000, 1], 30, 367],
    ['one chat takes a moment', [1], 30, 1],
    ['nobody takes no time', [], 30, 0],
    ['without a limit nothing has to wait', [10_000], Infinity, 0],
    ['a slow pace counts too', [7], 0.5, 16],
  ])('%s', (_, chatsByBot, perSecond, expected) => {
    expect(estimateSendingSeconds(chatsByBot, perSecond)).toBe(expected);
  });
});
