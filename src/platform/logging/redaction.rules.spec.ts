import { redactTokens } from './redaction.rules.js';

const secret = 'AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw-';
const token = `110201543:${secret}`;

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

  it('removes the secret of an API key and keeps whose it is', () => {
    const id = `arauto_${'0'.repeat(32)}_`;
    expect(redactTokens(`Bearer ${id}${secret}${secret} failed`)).toBe(`Bearer ${id}… failed`);
  });

  it('leaves other text alone', () => {
    expect(redactTokens('due at 12:30:15, ratio 4:3')).toBe('due at 12:30:15, ratio 4:3');
  });
});
