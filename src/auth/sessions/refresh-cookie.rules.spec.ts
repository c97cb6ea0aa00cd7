import {
  clearRefreshCookie,
  isOwnPage,
  readRefreshCookie,
  REFRESH_COOKIE,
  writeRefreshCookie,
} from './refresh-cookie.rules.js';

describe('the refresh cookie', () => {
  it.each([writeRefreshCookie('abc'), clearRefreshCookie()])(
    'is for this host and no script: %s',
    (header) => {
      const [pair, ...attributes] = header.split('; ');
      expect(pair).toMatch(/^__Host-/);
      expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict']));
      expect(header).not.toMatch(/Domain/i);
    },
  );

  it.each([
    [undefined, undefined],
    ['', undefined],
    [`${REFRESH_COOKIE}=abc`, 'abc'],
    [`theme=dark; ${REFRESH_COOKIE}=abc_-1;other=1`, 'abc_-1'],
    [`${REFRESH_COOKIE}=`, undefined],
    [`x${REFRESH_COOKIE}=abc`, undefined],
    [`arauto_refresh=abc; __Secure-arauto_refresh=abc`, undefined],
  ])('of %j is %j', (header, token) => {
    expect(readRefreshCookie(header)).toBe(token);
  });
});

describe('isOwnPage', () => {
  const host = 'bots.example.org:8443';
  const headers = { secFetchSite: undefined, origin: undefined, host };
  it.each([
    ['the own page', { secFetchSite: 'same-origin' }, true],
    ['the address bar', { secFetchSite: 'none' }, true],
    ['a neighbour under the same domain', { secFetchSite: 'same-site' }, false],
    ['a stranger', { secFetchSite: 'cross-site' }, false],
    ['a stranger with an origin like ours', { secFetchSite: 'cross-site', origin: `https://${host}` }, false],
    ['an old browser at home', { origin: `https://${host}` }, true],
    ['an old browser elsewhere', { origin: 'https://evil.example' }, false],
    ['another port', { origin: 'https://bots.example.org' }, false],
    ['a page without an origin', { origin: 'null' }, false],
    ['no browser', {}, false],
    ['nobody that names a host', { origin: `https://${host}`, host: undefined }, false],
  ])('%s', (_, given, isOwn) => {
    expect(isOwnPage({ ...headers, ...given })).toBe(isOwn);
  });
});
