import { writeName } from './names-in-mails.rules.js';

describe('writeName', () => {
  it.each([
    ['Clínica São José', 'Clínica São José'],
    ['Dr. Ana & Co.', 'Dr. Ana & Co.'],
    ['Win at evil.example', 'Win at evil[.]example'],
    ['https://evil.example/x?y=1', 'https[:]//evil[.]example/x?y=1'],
    ['WWW.EVIL.EXAMPLE', 'WWW[.]EVIL[.]EXAMPLE'],
    ['ana@evil.example', 'ana@evil[.]example'],
    ['evil。example', 'evil[.]example'],
    ['10.0.0.1/x', '10[.]0[.]0[.]1/x'],
    ['a\r\nBcc: b@c.de', 'a Bcc: b@c[.]de'],
    ['a\u2028b\u202Ec\u200Bd', 'a b c d'],
  ])('%j becomes %j', (name, written) => {
    expect(writeName(name)).toBe(written);
  });
});
