import { composeCookie, readCookie } from './cookie.rules.js';

describe('readCookie', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['a=1', '1'],
    ['b=2; a=1', '1'],
    ['a=x=y', 'x=y'],
    ['aa=1', undefined],
    ['a', ''],
  ])('of %j is %j', (header, value) => {
    expect(readCookie(header, 'a')).toBe(value);
  });

  it('finds what was composed', () => {
    const [pair] = composeCookie('__Host-a', 'x.y-z_', 60).split(';');
    expect(readCookie(`other=1; ${pair}`, '__Host-a')).toBe('x.y-z_');
  });
});
