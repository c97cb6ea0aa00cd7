import { answerTimeoutMs, isLongPoll, largestAnswerBytes } from './answer-bounds.rules.js';

describe('answerTimeoutMs', () => {
  it('waits half a minute for text', () => {
    expect(answerTimeoutMs('sendMessage', { chat_id: 1, text: 'hello' })).toBe(30_000);
  });

  it('waits longer where Telegram has to get the file itself', () => {
    expect(answerTimeoutMs('sendPhoto', { chat_id: 1, photo: 'https://example.com/a.jpg' })).toBe(60_000);
  });

  it('grows with the size of an upload', () => {
    expect(answerTimeoutMs('sendDocument', {}, 128 * 1024)).toBe(61_000);
    expect(answerTimeoutMs('sendVideo', {}, 50 * 1024 * 1024)).toBe(460_000);
  });

  it('outlasts a long poll', () => {
    expect(answerTimeoutMs('getUpdates', { timeout: 50 })).toBe(65_000);
    expect(answerTimeoutMs('getUpdates', {})).toBe(15_000);
  });
});

describe('isLongPoll', () => {
  it.each([
    ['getUpdates', { timeout: 30 }, true],
    ['getUpdates', { timeout: 0 }, false],
    ['getUpdates', {}, false],
    ['sendMessage', { timeout: 30 }, false],
  ])('%s %j: %s', (method, parameters, isLong) => {
    expect(isLongPoll(method, parameters)).toBe(isLong);
  });
});

describe('largestAnswerBytes', () => {
  it('reads more of updates than of anything else', () => {
    expect(largestAnswerBytes('getUpdates')).toBeGreaterThan(largestAnswerBytes('sendMessage'));
  });
});
