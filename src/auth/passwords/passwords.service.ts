import { Injectable, Logger } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { BackgroundWork } from '../../platform/clock/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { type MemberCaller, type UserId } from '../../platform/identity/index.js';
import { AuditLog } from '../../tenants/index.js';
import { AccountMails } from '../account-mails/account-mails.service.js';
import { AccountTokensRepository } from '../account-tokens.repository.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { GuessLimiter } from '../guessing/guess-limiter.service.js';
import { type Origin } from '../origin.js';
import { AccountReauthentication } from '../second-factor/account-reauthentication.service.js';
import { SecondFactorsRepository } from '../second-factor/second-factors.repository.js';
import { SessionsService, signInOutdated } from '../sessions.service.js';
import { UsersRepository } from '../users.repository.js';
import { PasswordHasher } from './password-hasher.service.js';
import { type ChangePassword, type ForgotPassword, type ResetPassword } from './passwords.dto.js';

/** Whoever opens a link has no session. */
const BY_LINK = { kind: 'system' } as const;

@Injectable()
export class PasswordsService {
  private readonly logger = new Logger('passwords');

  constructor(
    private readonly users: UsersRepository,
    private readonly tokens: AccountTokensRepository,
    private readonly sessions: SessionsService,
    private readonly secondFactors: SecondFactorsRepository,
    private readonly apiKeys: ApiKeysService,
    private readonly passwords: PasswordHasher,
    private readonly proof: AccountReauthentication,
    private readonly guesses: GuessLimiter,
    private readonly mails: AccountMails,
    private readonly audit: AuditLog,
    private readonly dispatcher: DispatcherDatabase,
    private readonly background: BackgroundWork,
  ) {}

  /** Mails a link where the address has an account. Neither the answer nor the time that it takes tells whether it has. */
  async forget({ email }: ForgotPassword, { address }: Origin): Promise<void> {
    this.mails.refuseIfUnable();
    await this.guesses.admit('password_reset', email, address);
    this.background.begin(() => this.sendResetLink(email), this.logger, 'sending a link for a new password');
  }

  /** @throws ProblemError 400 `link_not_valid` */
  async reset({ token, password }: ResetPassword, { address }: Origin): Promise<void> {
    // Looked at first: hashing is dear, and anybody may send nonsense.
    if (!(await this.tokens.find('reset_password', token))) throw linkNotValid();
    const passwordHash = await this.passwords.hash(password);
    const user = await this.dispatcher.transaction(async (client) => {
      const used = await this.tokens.take(client, 'reset_password', token);
      // The link proves the address that it was mailed to, which may not be theirs any more.
      const before =
        used?.email && (await this.users.setPassword(client, used.userId, used.email, passwordHash));
      if (!before) throw linkNotValid();
      // The link arrived, so the address is theirs.
      await this.users.confirmEmail(client, used.userId);
      await this.tokens.revokeAllOf(client, used.userId);
      const ends = await this.sessions.endAllOf(client, used.userId, BY_LINK, 'password_changed');
      const subject = { kind: 'user', id: used.userId };
      const reset = { actor: BY_LINK, action: 'password.reset', subject };
      await this.audit.recordEverywhere(client, used.userId, reset, ends);
      if (!before.isEmailConfirmed) await this.disown(client, used.userId);
      return used;
    });
    const person = await this.users.findById(user.userId);
    if (!person) return;
    await this.guesses.forgetGuessesAt(person.email, address);
    this.mails.send(person, { kind: 'password_changed' });
  }

  /** Ends the person's other sessions, in every tenant. */
  async change(caller: MemberCaller, input: ChangePassword, origin: Origin): Promise<void> {
    const { userId, sessionId } = caller.actor;
    const { currentPassword: password, ...shown } = input;
    const user = await this.proof.require(userId, { password, ...shown }, origin.address);
    const passwordHash = await this.passwords.hash(input.newPassword);
    await this.dispatcher.transaction(async (client) => {
      // Whoever knew the old password must not undo a reset.
      if (!(await this.users.replacePassword(client, user, passwordHash))) throw signInOutdated();
      await this.tokens.revokeAllOf(client, userId);
      const { tenantId, actor } = caller;
      const ends = await this.sessions.endAllOf(client, userId, actor, 'password_changed', sessionId);
      const subject = { kind: 'user', id: userId };
      const change = { tenantId, entry: { actor, action: 'password.changed', subject } };
      await this.audit.recordAcross(client, [change, ...ends]);
    });
    this.mails.send(user, { kind: 'password_changed' });
  }

  /**
   * Until now anybody may have been at this account: whoever made it knew the address and no more. What they left to come
   * back by goes, beside the sessions.
   */
  private async disown(client: PoolClient, userId: UserId): Promise<void> {
    await this.secondFactors.delete(client, userId);
    await this.apiKeys.revokeAllOf(client, userId);
  }

  private async sendResetLink(email: string): Promise<void> {
    const user = await this.users.findByEmail(email);
    if (!user) return;
    const token = await this.dispatcher.transaction((client) =>
      this.tokens.issue(client, 'reset_password', { userId: user.id, email: user.email }),
    );
    this.mails.sendLink(user, 'reset_password', token);
  }
}

export function linkNotValid(): ProblemError {
  return new ProblemError(
    400,
    'link_not_valid',
    'This link was used already, or is too old; ask for another one.',
  );
}
