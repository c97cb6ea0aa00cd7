import { findTargetProblem, isTaken, retryAfterSeconds } from './webhook.rules.js';

describe('findTargetProblem', () => {
  it.each([
    'https://example.org/x',
    'https://example.org:8443/x?a=b',
    'https://8.8.8.8/',
    'https://[2606:4700::1]/',
  ])('lets %s pass', (url) => {
    expect(findTargetProblem(url, false)).toBeUndefined();
  });

  it.each([
    ['hello', 'no address'],
    ['http://example.org/', 'https'],
    ['ftp://example.org/', 'https'],
    ['javascript:alert(1)', 'https'],
    ['file:///etc/passwd', 'https'],
    ['https://user@example.org/', 'user or password'],
    ['https://:secret@example.org/', 'user or password'],
    ['https://example.org/#token', 'follows #'],
    ['https://localhost/', 'public internet'],
    ['https://localhost./', 'public internet'],
    ['https://a.localhost/', 'public internet'],
    ['https://127.1/', 'public internet'],
    ['https://0xa9fea9fe/', 'public internet'],
    ['https://[::ffff:10.0.0.1]/', 'public internet'],
  ])('refuses %s', (url, words) => {
    expect(findTargetProblem(url, false)).toContain(words);
  });

  it('lets private targets pass where the installation says so, and nothing else', () => {
    expect(findTargetProblem('http://127.0.0.1:8080/x', true)).toBeUndefined();
    expect(findTargetProblem('https://10.0.0.1/', true)).toBeUndefined();
    expect(findTargetProblem('ftp://127.0.0.1/', true)).toContain('https');
    expect(findTargetProblem('http://user@127.0.0.1/', true)).toContain('user or password');
  });
});

describe('retryAfterSeconds', () => {
  it('tries ten times over three days, each time later', () => {
    const delays = Array.from({ length: 9 }, (_, n) => retryAfterSeconds(n + 1)!);
    expect([...delays].sort((one, other) => one - other)).toEqual(delays);
    const days = delays.reduce((sum, delay) => sum + delay, 0) / 86_400;
    expect(days).toBeGreaterThan(3);
    expect(days).toBeLessThan(3.5);
    expect(retryAfterSeconds(10)).toBeUndefined();
  });
});

describe('isTaken', () => {
  it('takes 2xx for taken and a redirect for a failure', () => {
    expect([200, 202, 204, 299].every(isTaken)).toBe(true);
    expect([199, 301, 302, 307, 400, 410, 500].some(isTaken)).toBe(false);
  });
});
