import { isBotToken, redactTokens } from './bot-token.rules.js';

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

describe('redactTokens', () => {
  it('removes every token from a text, plain or percent-encoded', () => {
    const text = `POST https://api.telegram.org/bot${token}/sendMessage and 7%3A${secret} failed`;
    expect(redactTokens(text)).toBe(
      'POST https://api.telegram.org/bot110201543:…/sendMessage and 7:… failed',
    );
  });

  it('leaves no tail of a secret that is longer than known', () => {
    expect(redactTokens(`1:${'x'.repeat(200)}`)).toBe('1:…');
  });

  it('leaves other text alone', () => {
    expect(redactTokens('due at 12:30:15, ratio 4:3')).toBe('due at 12:30:15, ratio 4:3');
  });
});
