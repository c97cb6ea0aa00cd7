import { apiRootOf, homeOf } from './bot-identity.rules.js';

const settings = {
  TELEGRAM_API_ROOT: 'https://api.telegram.org',
  SANDBOX_URL: undefined,
  SANDBOX_HOST: '127.0.0.1',
  SANDBOX_PORT: 3001,
};

describe('where a bot is at home', () => {
  it('is the server of a live bot, which it keeps when the setting changes', () => {
    const home = homeOf('live', settings);
    expect(apiRootOf('live', home, settings)).toBe('https://api.telegram.org');
    expect(homeOf('live', { TELEGRAM_API_ROOT: 'http://local' })).toBe('http://local');
    expect(apiRootOf('live', home, { ...settings, SANDBOX_URL: 'http://local' })).toBe(home);
  });

  it('is the sandbox wherever that listens', () => {
    const home = homeOf('sandbox', settings);
    expect(apiRootOf('sandbox', home, settings)).toBe('http://127.0.0.1:3001');
    expect(apiRootOf('sandbox', home, { ...settings, SANDBOX_URL: 'http://sandbox:9' })).toBe(
      'http://sandbox:9',
    );
  });
});
