import { isButtonUrl, isCallbackData, isFileUrl, messageLimits } from './message-limits.rules.js';

describe('isCallbackData', () => {
  it('counts bytes, not characters', () => {
    expect(isCallbackData('x'.repeat(64))).toBe(true);
    expect(isCallbackData('x'.repeat(65))).toBe(false);
    expect(isCallbackData('ã'.repeat(32))).toBe(true);
    expect(isCallbackData('ã'.repeat(33))).toBe(false);
    expect(isCallbackData('')).toBe(false);
  });
});

describe('isButtonUrl', () => {
  it.each([
    'https://example.com',
    'http://example.com/path?query=1#part',
    'https://пример.рф/страница',
    'https://t.me/arauto_bot?start=x',
    'tg://user?id=123456789',
    'http://203.0.113.7:8080/',
  ])('takes %s', (url) => expect(isButtonUrl(url)).toBe(true));

  it.each([
    '',
    'example.com',
    'ftp://example.com',
    'javascript:alert(1)',
    'mailto:a@example.com',
    'http://localhost/',
    'https://user:password@example.com/',
    'https://',
    'tg://',
    `https://example.com/${'x'.repeat(messageLimits.urlLength)}`,
  ])('refuses %s', (url) => expect(isButtonUrl(url)).toBe(false));
});

describe('isFileUrl', () => {
  it('takes addresses that Telegram can fetch, and no links of its own', () => {
    expect(isFileUrl('https://example.com/photo.jpg')).toBe(true);
    expect(isFileUrl('tg://user?id=1')).toBe(false);
  });

  it.each(['http:/example.com/a', 'http:example.com/a', 'http:\\\\example.com\\a', 'http:///example.com/a'])(
    'takes no crooked address: %s',
    (url) => {
      expect(isFileUrl(url)).toBe(false);
    },
  );

  it('takes any case', () => {
    expect(isFileUrl('HTTPS://example.com/photo.jpg')).toBe(true);
  });
});

describe('deep links', () => {
  it('have a parameter of up to 64 safe characters', () => {
    expect(messageLimits.deepLinkParameter.test('a-Z_9')).toBe(true);
    expect(messageLimits.deepLinkParameter.test('x'.repeat(65))).toBe(false);
    expect(messageLimits.deepLinkParameter.test('a b')).toBe(false);
  });
});
