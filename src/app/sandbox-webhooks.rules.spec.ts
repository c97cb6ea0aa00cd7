import { webhookTargetsOf } from './sandbox-webhooks.rules.js';

const path = 'p'.repeat(43);
const isAllowed = (url: string, publicUrl?: string) =>
  webhookTargetsOf(publicUrl).isTargetAllowed(new URL(url));

describe('webhookTargetsOf', () => {
  it.each(['https://bots.example.org', 'http://10.0.0.5:3000', 'https://example.org/arauto'])(
    'lets the sandbox call the webhooks below %s',
    (publicUrl) => {
      expect(isAllowed(`${publicUrl}/telegram/webhook/${path}`, publicUrl)).toBe(true);
    },
  );

  it.each([
    'https://bots.example.org/',
    `https://bots.example.org/api/v1/bots`,
    `https://bots.example.org/telegram/webhook/`,
    `https://bots.example.org/telegram/webhook/${path}/more`,
    `https://bots.example.org/telegram/webhook/${path}?more`,
    `https://bots.example.org/telegram/webhook/../../${path}`,
    `https://bots.example.org:8443/telegram/webhook/${path}`,
    `http://bots.example.org/telegram/webhook/${path}`,
    `https://bots.example.org.evil.example/telegram/webhook/${path}`,
    `http://127.0.0.1:3000/telegram/webhook/${path}`,
  ])('and not %s', (url) => {
    expect(isAllowed(url, 'https://bots.example.org')).toBe(false);
  });

  it('allows nothing without a public address', () => {
    expect(isAllowed(`http://127.0.0.1:3000/telegram/webhook/${path}`)).toBe(false);
    expect(webhookTargetsOf(undefined).isAddressAllowed('127.0.0.1')).toBe(false);
  });
});
