import { writeInvitation } from './invitation-mail.rules.js';

describe('writeInvitation', () => {
  const facts = {
    inviterName: 'Ana',
    tenantName: 'Acme Clinics',
    link: 'https://example.org/join#token=secret',
    days: 7,
  };

  it.each([
    ['en', 'Ana invites you to Acme Clinics'],
    ['pt-BR', 'Ana convidou você para Acme Clinics'],
    ['es', 'Ana te invita a Acme Clinics'],
  ] as const)('says in %s who invites whereto, and how long', (language, subject) => {
    const mail = writeInvitation(language, facts);
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain(`\n${facts.link}\n`);
    expect(mail.text).toMatch(/"Acme Clinics"[^]*\b7\b/);
  });
});
