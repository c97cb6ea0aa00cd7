import { Injectable, Logger } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { BackgroundWork } from '../../platform/clock/index.js';
import { DispatcherDatabase, TenantDatabase } from '../../platform/database/index.js';
import { conflict, notFound } from '../../platform/errors/index.js';
import { type MemberCaller } from '../../platform/identity/index.js';
import { AuditLog } from '../../tenants/index.js';
import { AccountMails } from '../account-mails/account-mails.service.js';
import { AccountTokensRepository } from '../account-tokens.repository.js';
import { GuessLimiter } from '../guessing/guess-limiter.service.js';
import { type Origin } from '../origin.js';
import { linkNotValid } from '../passwords/passwords.service.js';
import { AccountReauthentication } from '../second-factor/account-reauthentication.service.js';
import { type User, UsersRepository } from '../users.repository.js';
import { type ChangeEmail, type ConfirmEmail } from './emails.dto.js';

const UNIQUE_VIOLATION = '23505';

/** Addresses, and the proof that they belong to who says so. A new address counts when it is confirmed, not before. */
@Injectable()
export class EmailsService {
  private readonly logger = new Logger('emails');

  constructor(
    private readonly users: UsersRepository,
    private readonly tokens: AccountTokensRepository,
    private readonly proof: AccountReauthentication,
    private readonly guesses: GuessLimiter,
    private readonly mails: AccountMails,
    private readonly audit: AuditLog,
    private readonly database: TenantDatabase,
    private readonly dispatcher: DispatcherDatabase,
    private readonly background: BackgroundWork,
  ) {}

  /** Makes the token of a first confirmation; once its transaction is committed, mail it with {@link sendConfirmation}. */
  prepareConfirmation(client: PoolClient, { id, email }: User): Promise<string> {
    return this.tokens.issue(client, 'confirm_email', { userId: id, email });
  }

  sendConfirmation(user: Pick<User, 'email' | 'language'>, token: string): void {
    this.mails.sendLink(user, 'confirm_email', token);
  }

  /** @throws ProblemError 409 `email_confirmed_already`; 429 when mails were asked for too often */
  async resend(caller: MemberCaller, { address }: Origin): Promise<void> {
    this.mails.refuseIfUnable();
    const user = await this.users.findById(caller.actor.userId);
    if (!user) throw notFound('user');
    if (user.emailConfirmedAt !== null) {
      throw conflict('email_confirmed_already', 'Your e-mail address is confirmed already.');
    }
    await this.guesses.admit('confirmation_mail', user.id, address);
    const token = await this.dispatcher.transaction((client) => this.prepareConfirmation(client, user));
    this.sendConfirmation(user, token);
  }

  /** Mails a link to the new address. That it has another account isn't told here: its owner would have to say so. */
  async requestChange(caller: MemberCaller, input: ChangeEmail, origin: Origin): Promise<void> {
    this.mails.refuseIfUnable();
    const user = await this.proof.require(caller.actor.userId, input, origin.address);
    await this.guesses.admit('confirmation_mail', user.id, origin.address);
    await this.database.run(caller.tenantId, (manager) =>
      this.audit.record(manager, {
        actor: caller.actor,
        action: 'email.change_requested',
        subject: { kind: 'user', id: user.id },
      }),
    );
    const person = { ...user, email: input.email };
    this.background.begin(() => this.sendChangeLink(person), this.logger, 'sending a link for an address');
  }

  /** @throws ProblemError 400 `link_not_valid`; 409 `email_taken` */
  async confirm({ token }: ConfirmEmail): Promise<void> {
    const moved = await this.dispatcher.transaction(async (client) => {
      const used = await this.tokens.take(client, 'confirm_email', token);
      if (!used?.email) throw linkNotValid();
      const before = await this.users.moveToEmail(client, used.userId, used.email).catch(refuseTaken);
      if (!before || before.email === used.email) return undefined;
      // Links that went to the old address open nothing any more.
      await this.tokens.revokeAllOf(client, used.userId);
      await this.audit.recordEverywhere(client, used.userId, {
        actor: { kind: 'system' },
        action: 'email.changed',
        subject: { kind: 'user', id: used.userId },
      });
      return before;
    });
    if (moved) this.mails.send(moved, { kind: 'email_changed' });
  }

  private async sendChangeLink(person: User): Promise<void> {
    if (await this.users.findByEmail(person.email)) return;
    const token = await this.dispatcher.transaction(async (client) =>
      // Not for whoever asked with a password that was reset since then.
      (await this.users.lockUnchanged(client, person)) ? this.prepareConfirmation(client, person) : undefined,
    );
    if (token !== undefined) this.sendConfirmation(person, token);
  }
}

function refuseTaken(error: unknown): never {
  if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) {
    throw conflict('email_taken', 'Another account has this e-mail address by now.');
  }
  throw error;
}
