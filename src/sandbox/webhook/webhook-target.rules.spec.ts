import { isLoopbackAddress } from '../../platform/egress/index.js';
import { findTargetProblem, LOOPBACK_WEBHOOKS, nextDelayMs, NO_WEBHOOKS } from './webhook-target.rules.js';

const publicOnly = {
  isTargetAllowed: () => true,
  isAddressAllowed: (address: string) => !isLoopbackAddress(address) && !address.startsWith('10.'),
};

describe('findTargetProblem', () => {
  it.each(['http://127.0.0.1:8080/x', 'http://localhost/x', 'https://[::1]:8443/x', 'http://127.1/x'])(
    'lets %s pass where this machine may be called, and nowhere by default',
    (url) => {
      expect(findTargetProblem(url, LOOPBACK_WEBHOOKS)).toBeUndefined();
      expect(findTargetProblem(url, NO_WEBHOOKS)).toBeDefined();
    },
  );

  it.each([
    ['no address', 'invalid webhook URL specified'],
    ['ftp://127.0.0.1/', 'an HTTPS URL must be provided for webhook'],
    ['http://user:secret@127.0.0.1/', 'the URL must not carry a user or password'],
    ['https://example.com/', 'the sandbox may not call this address'],
    ['http://169.254.169.254/', 'IP address 169.254.169.254 is reserved'],
    ['http://localhost.example.com/', 'the sandbox may not call this address'],
  ])('refuses %s where only this machine may be called', (url, problem) => {
    expect(findTargetProblem(url, LOOPBACK_WEBHOOKS)).toBe(problem);
  });

  it('asks the rule for addresses also where every name may be called', () => {
    expect(findTargetProblem('https://example.com/', publicOnly)).toBeUndefined();
    expect(findTargetProblem('https://10.0.0.1/', publicOnly)).toBe('IP address 10.0.0.1 is reserved');
    expect(findTargetProblem('http://[::ffff:127.0.0.1]/', publicOnly)).toMatch('is reserved');
    expect(findTargetProblem('http://0x7f.1/', publicOnly)).toMatch('is reserved');
  });
});

describe('nextDelayMs', () => {
  it('grows to a minute and no further', () => {
    expect([1, 2, 3, 100].map(nextDelayMs)).toEqual([500, 1000, 2000, 60_000]);
  });
});
