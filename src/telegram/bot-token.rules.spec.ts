import { isBotToken } from './bot-token.rules.js';

const secret = 'AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw-';
const token = `110201543:${secret}`;

describe('isBotToken', () => {
  it('accepts what BotFather hands out', () => {
    expect(secret).toHaveLength(35);
    expect(isBotToken(token)).toBe(true);
  });

  it.each([
    '',
    'token',
    secret,
    `:${secret}`,
    `110201543:${secret}/../getMe`,
    `110201543:${secret}\n`,
    ` ${token}`,
    '110201543:short',
    `${'1'.repeat(17)}:${secret}`,
    `1:${'a'.repeat(65)}`,
    `12a:${secret}`,
    `1:${secret.slice(1)}é`,
  ])('refuses %j', (text) => {
    expect(isBotToken(text)).toBe(false);
  });
});
