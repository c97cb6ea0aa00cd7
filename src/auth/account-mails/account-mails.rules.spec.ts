import { type AccountMail, writeAccountMail } from './account-mails.rules.js';

const link = 'https://example.org/confirm-email#token=abc';
const languages = ['en', 'pt-BR', 'es'] as const;

describe('writeAccountMail', () => {
  it.each(languages)('puts the link on a line of its own, in %s', (language) => {
    const { text } = writeAccountMail({ kind: 'confirm_email', link }, language);
    expect(text.split('\n')).toContain(link);
  });

  it.each(['email_changed', 'password_changed', 'second_factor_on', 'second_factor_off'] as const)(
    'says with %s what to do if it was somebody else',
    (kind) => {
      for (const language of languages)
        expect(writeAccountMail({ kind }, language).text.split('\n\n')).toHaveLength(2);
    },
  );

  it('says it differently in every language', () => {
    const mails: AccountMail[] = [{ kind: 'reset_password', link }, { kind: 'password_changed' }];
    for (const mail of mails) {
      const written = languages.map((language) => writeAccountMail(mail, language));
      expect(new Set(written.map(({ subject }) => subject)).size).toBe(3);
      expect(new Set(written.map(({ text }) => text)).size).toBe(3);
    }
  });
});
