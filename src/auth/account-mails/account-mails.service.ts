import { Injectable } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { Mailer } from '../../platform/mail/index.js';
import { type User } from '../users.repository.js';
import { type AccountMail, writeAccountMail } from './account-mails.rules.js';

/** Pages of the console that the links lead to. */
const PAGES = {
  complete_sign_up: 'complete-sign-up',
  confirm_email: 'confirm-email',
  reset_password: 'reset-password',
} as const;

/** Mails about accounts, sent after the answer, in the person's language. */
@Injectable()
export class AccountMails {
  constructor(
    private readonly mailer: Mailer,
    private readonly configuration: Configuration,
  ) {}

  /** @throws ProblemError 503 where this installation can send no mail */
  refuseIfUnable(): void {
    this.mailer.refuseIfUnable();
  }

  sendLink(person: Pick<User, 'email' | 'language'>, kind: keyof typeof PAGES, token: string): void {
    // Behind the #, so that the token reaches the page and no log of any server.
    const link = `${this.configuration.consoleUrl}/${PAGES[kind]}#token=${token}`;
    this.mailer.sendAskedFor({ to: person.email, ...writeAccountMail({ kind, link }, person.language) });
  }

  /** To whoever has an account already, for which somebody signed up. */
  sendReminder({ email, language }: Pick<User, 'email' | 'language'>): void {
    const link = `${this.configuration.consoleUrl}/sign-in`;
    this.mailer.sendAskedFor({ to: email, ...writeAccountMail({ kind: 'account_exists', link }, language) });
  }

  /** A warning: comes however many mails others asked for. */
  send({ email, language }: Pick<User, 'email' | 'language'>, mail: AccountMail): void {
    this.mailer.sendInBackground({ to: email, ...writeAccountMail(mail, language) });
  }
}
