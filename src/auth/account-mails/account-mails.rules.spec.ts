import { type AccountMail, writeAccountMail } from './account-mails.rules.js';

const link = 'https://example.org/confirm-email#token=abc';
const languages = ['en', 'pt-BR', 'es'] as const;

describe('writeAccountMail', () => {
  const kinds = ['complete_sign_up', 'account_exists', 'confirm_email', 'reset_password'] as const;
  it.each(kinds)(
    'puts the link of %s on a line of its own, and says what it is for and what if it was somebody else',
    (kind) => {
      for (const language of languages) {
        const [first, second, third] = writeAccountMail({ kind, link }, language).text.split('\n\n');
        expect(second).toBe(link);
        expect([first, third]).toEqual([expect.any(String), expect.any(String)]);
      }
    },
  );

  it.each(['email_changed', 'password_changed', 'second_factor_on', 'second_factor_off'] as const)(
    'says with %s what to do if it was somebody else',
    (kind) => {
      for (const language of languages)
        expect(writeAccountMail({ kind }, language).text.split('\n\n')).toHaveLength(2);
    },
  );

  it('says it differently in every language', () => {
    const mails: AccountMail[] = [
      ...kinds.map((kind) => ({ kind, link })),
      { kind: 'email_changed' },
      { kind: 'password_changed' },
    ];
    for (const mail of mails) {
      const written = languages.map((language) => writeAccountMail(mail, language));
      expect(new Set(written.map(({ subject }) => subject)).size).toBe(3);
      expect(new Set(written.map(({ text }) => text)).size).toBe(3);
    }
  });
});
