import { parseWireTarget } from './wire-target.rules.js';

const token = `42:${'a'.repeat(35)}`;

describe('parseWireTarget', () => {
  it('reads calls with their query', () => {
    expect(parseWireTarget(`/bot${token}/getMe?a=1&b=2`)).toEqual({
      kind: 'call',
      token,
      method: 'getMe',
      query: 'a=1&b=2',
    });
    expect(parseWireTarget(`/bot${token.replace(':', '%3A')}/getMe`)).toMatchObject({ token, query: '' });
  });

  it('reads downloads', () => {
    expect(parseWireTarget(`/file/bot${token}/photos/x.png`)).toEqual({
      kind: 'file',
      token,
      path: 'photos/x.png',
    });
  });

  it.each(['/bot', '/bot42/getMe', `/bot${token}`, '/bot42:short/getMe', '/file/botx/y'])(
    'finds nonsense in %s',
    (url) => {
      expect(parseWireTarget(url)).toEqual({ kind: 'nonsense' });
    },
  );

  it('leaves everything else to others', () => {
    expect(parseWireTarget('/sandbox/v1/bots')).toBeUndefined();
    expect(parseWireTarget('/')).toBeUndefined();
  });
});
