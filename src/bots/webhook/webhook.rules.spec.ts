import { judgeWebhook, registrationOf, webhookUrlOf } from './webhook.rules.js';

describe('webhooks', () => {
  const path = 'p'.repeat(43);
  const publicUrl = 'https://bots.example.org';

  it.each([
    ['our own', webhookUrlOf(publicUrl, path), 'ours'],
    ['our own, as Telegram may write it', `https://BOTS.example.org:443/telegram/webhook/${path}`, 'ours'],
    ["another bot's", webhookUrlOf(publicUrl, 'q'.repeat(43)), 'replaced'],
    ["another program's", 'https://elsewhere.example.org/hook', 'replaced'],
    ['none', '', 'removed'],
  ])('recognises %s', (_, url, expected) => {
    expect(judgeWebhook(url, path)).toBe(expected);
  });

  it('is told anew when the address or the terms change', () => {
    const told = registrationOf({ publicUrl, fingerprint: 'one' }, path);
    expect(registrationOf({ publicUrl, fingerprint: 'two' }, path)).not.toBe(told);
    expect(registrationOf({ publicUrl: 'https://new.example.org', fingerprint: 'one' }, path)).not.toBe(told);
  });
});
