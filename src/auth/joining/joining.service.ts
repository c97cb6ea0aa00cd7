import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { conflict, ProblemError } from '../../platform/errors/index.js';
import { type MemberCaller, type UserId } from '../../platform/identity/index.js';
import { type AuditEntry, InvitationsService } from '../../tenants/index.js';
import { GuessLimiter } from '../guessing/guess-limiter.service.js';
import { PasswordHasher } from '../passwords/password-hasher.service.js';
import { UsersRepository } from '../users.repository.js';
import { type AcceptWithAccount, type InvitationPreview, type JoinedTenant } from './joining.dto.js';

/** What an invited person does with the link. Opens no session: whoever joined signs in, with all that this takes. */
@Injectable()
export class JoiningService {
  constructor(
    private readonly invitations: InvitationsService,
    private readonly users: UsersRepository,
    private readonly passwords: PasswordHasher,
    private readonly guesses: GuessLimiter,
    private readonly dispatcher: DispatcherDatabase,
  ) {}

  async preview(token: string): Promise<InvitationPreview> {
    const { tenantName, role, inviterName } = await this.invitations.preview(token);
    return { tenantName, role, inviterName };
  }

  /** @throws ProblemError 403 when the invitation is for another address than the caller's */
  async accept({ actor }: MemberCaller, token: string): Promise<JoinedTenant> {
    const user = await this.users.findById(actor.userId);
    return this.join(token, actor, (_client, email) => {
      if (user?.email === email) return actor.userId;
      throw new ProblemError(
        403,
        'invited_with_another_address',
        'This invitation went to another e-mail address than that of your account; ask for one to yours.',
      );
    });
  }

  /** Having the link proves the address, so the account is made for it; one that is there proves itself by its password. */
  async acceptWithAccount(input: AcceptWithAccount, address: string): Promise<JoinedTenant> {
    const { email } = await this.invitations.preview(input.token);
    const guess = await this.guesses.admit('password', email, address);
    const account = await this.users.findByEmail(email);
    const passwordHash = account
      ? await this.prove(input.password, account.passwordHash)
      : await this.passwords.hash(input.password);
    const joined = await this.join(input.token, { kind: 'system' }, async (client) => {
      if (account) return account.id;
      const { name, language } = input;
      const user = await this.users.insert(client, { email, passwordHash, name, language });
      if (!user) throw conflict('email_taken', 'This e-mail address has an account; sign in, then accept.');
      return user.id;
    });
    await this.guesses.forgive(guess);
    return joined;
  }

  private async prove(password: string, passwordHash: string): Promise<string> {
    if (await this.passwords.isMatch(password, passwordHash)) return passwordHash;
    throw new ProblemError(
      401,
      'wrong_credentials',
      'This e-mail address has an account, and the password is not its; sign in, then accept.',
    );
  }

  /** All or nothing: the invitation is used up where the person joined. The link was a mail to their address, too. */
  private async join(
    token: string,
    actor: AuditEntry['actor'],
    findUser: (client: PoolClient, email: string) => UserId | Promise<UserId>,
  ): Promise<JoinedTenant> {
    await this.invitations.assertRoom(token);
    return this.dispatcher.transaction(async (client) => {
      const invitation = await this.invitations.take(client, token);
      const userId = await findUser(client, invitation.email);
      await this.users.confirmEmail(client, userId);
      await this.invitations.admit(client, invitation, userId, actor);
      const { tenantId, tenantName, role } = invitation;
      return { tenantId, tenantName, role };
    });
  }
}
