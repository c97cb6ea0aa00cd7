import { Injectable, Logger } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { Configuration } from '../../config/index.js';
import { BackgroundWork } from '../../platform/clock/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { conflict, ProblemError } from '../../platform/errors/index.js';
import { type Tenant, TenantsService } from '../../tenants/index.js';
import { AccountMails } from '../account-mails/account-mails.service.js';
import { AccountsService, type Opened } from '../accounts.service.js';
import { type Transport } from '../auth.dto.js';
import { EmailsService } from '../emails/emails.service.js';
import { type Guess, GuessLimiter } from '../guessing/guess-limiter.service.js';
import { type Origin } from '../origin.js';
import { PasswordHasher } from '../passwords/password-hasher.service.js';
import { linkNotValid } from '../passwords/passwords.service.js';
import { type User, UsersRepository, type UserWithSecrets } from '../users.repository.js';
import { type PendingSignUp, PendingSignUpsRepository } from './pending-sign-ups.repository.js';
import { type CompleteSignUp, type SignUp } from './signing-up.dto.js';

/** A new person, and the tenant that they own. */
interface NewAccount {
  readonly user: User;
  readonly tenant: Tenant;
}

type StartingOver = Pick<SignUp, 'password' | 'tenantName' | 'language' | 'timeZone' | 'transport'>;

/** Makes people with a tenant of theirs: at once, or when the link in a mail comes back, as SIGN_UP says. */
@Injectable()
export class SigningUpService {
  private readonly logger = new Logger('signing up');
  private readonly isByMail: boolean;

  constructor(
    private readonly pending: PendingSignUpsRepository,
    private readonly users: UsersRepository,
    private readonly tenants: TenantsService,
    private readonly accounts: AccountsService,
    private readonly emails: EmailsService,
    private readonly mails: AccountMails,
    private readonly passwords: PasswordHasher,
    private readonly guesses: GuessLimiter,
    private readonly dispatcher: DispatcherDatabase,
    private readonly background: BackgroundWork,
    configuration: Configuration,
  ) {
    this.isByMail = configuration.signUpWay === 'by_mail';
  }

  /**
   * @returns undefined where a mail says what comes next
   * @throws ProblemError 409 `email_taken` where it is done at once; 503 where a mail is needed and none can be sent
   */
  async signUp(input: SignUp, origin: Origin): Promise<Opened | undefined> {
    if (!this.isByMail) return this.signUpAtOnce(input, origin);
    await this.requestLink(input, origin);
    return undefined;
  }

  /**
   * Makes what was signed up for. The link shows that the address is theirs, the password that it was them who asked:
   * somebody else may have given their address with a password of their own.
   *
   * @throws ProblemError 400 `link_not_valid`; 401 `wrong_credentials`; 409 `email_taken` where the address got an account
   *   in another way meanwhile
   */
  async complete({ token, password, transport }: CompleteSignUp, origin: Origin): Promise<Opened> {
    const signUp = await this.pending.find(token);
    if (!signUp) throw linkNotValid();
    const guess = await this.guesses.admit('password', signUp.email, origin.address);
    if (!(await this.passwords.isMatch(password, signUp.passwordHash))) throw wrongPassword();
    const made = await this.dispatcher.transaction(async (client) => {
      const taken = await this.pending.take(client, token);
      if (!taken) throw linkNotValid();
      return this.makeAccount(client, taken, true);
    });
    await this.guesses.forgive(guess);
    if (made) return this.openFirst(made, transport, origin);
    const owner = await this.users.findByEmail(signUp.email);
    const returned = owner && (await this.startOver(owner, { ...signUp, password, transport }, origin));
    if (!returned) throw emailTaken();
    return returned;
  }

  private async signUpAtOnce(input: SignUp, origin: Origin): Promise<Opened> {
    const attempt = await this.guesses.admitSignUp(input.email, origin.address);
    const owner = await this.users.findByEmail(input.email);
    if (owner) return this.signUpAgain(owner, input, origin, attempt);
    const passwordHash = await this.passwords.hash(input.password);
    const made = await this.dispatcher.transaction(async (client) => {
      const account = await this.makeAccount(client, { ...input, passwordHash }, false);
      return account && { ...account, token: await this.emails.prepareConfirmation(client, account.user) };
    });
    if (!made) throw this.refuseTaken(input);
    await this.guesses.forgive(attempt);
    this.emails.sendConfirmation(made.user, made.token);
    return this.openFirst(made, input.transport, origin);
  }

  /** An address in use costs one computation of a hash too. */
  private async signUpAgain(
    owner: UserWithSecrets,
    input: SignUp,
    origin: Origin,
    attempt: Guess,
  ): Promise<Opened> {
    const returned = await this.startOver(owner, input, origin);
    if (!returned) throw this.refuseTaken(input);
    await this.guesses.forgive(attempt);
    return returned;
  }

  private refuseTaken({ email }: SignUp): ProblemError {
    this.background.begin(
      () => this.remindOwner(email),
      this.logger,
      'telling somebody that they have an account',
    );
    return emailTaken();
  }

  /**
   * A tenant for a person who belongs to none any more, for their password.
   *
   * @returns undefined for a wrong password, and for a person who has a tenant
   * @throws ProblemError 401 `second_factor_required` where one is on, once the tenant is made
   */
  private async startOver(
    owner: UserWithSecrets,
    { password, tenantName: name, language, timeZone, transport }: StartingOver,
    origin: Origin,
  ): Promise<Opened | undefined> {
    const isWithoutTenant = await this.users.isDeserted(owner.id);
    // Their answer tells whether the password is theirs, so it counts as a guess at it.
    const guess = isWithoutTenant
      ? await this.guesses.admit('password', owner.email, origin.address)
      : undefined;
    const isMatch = await this.passwords.isMatch(password, owner.passwordHash);
    if (!guess || !isMatch) return undefined;
    const tenant = await this.dispatcher.transaction(async (client) =>
      (await this.users.lockWithoutTenant(client, owner))
        ? this.tenants.create(client, { name, language, timeZone }, owner.id)
        : undefined,
    );
    if (!tenant) return undefined;
    await this.guesses.forgive(guess);
    if (owner.hasSecondFactor) throw await this.accounts.challenge(owner, tenant.id);
    return this.openFirst({ user: owner, tenant }, transport, origin);
  }

  /** Neither the answer nor the time that it takes tells whether the address has an account: what differs comes after it. */
  private async requestLink({ password, ...input }: SignUp, { address }: Origin): Promise<void> {
    this.mails.refuseIfUnable();
    const attempt = await this.guesses.admitSignUpByMail(address);
    const passwordHash = await this.passwords.hash(password);
    await this.guesses.forgive(attempt);
    this.background.begin(
      () => this.sendLinkOrReminder({ ...input, passwordHash }),
      this.logger,
      'sending a link for a sign-up',
    );
  }

  private async sendLinkOrReminder(signUp: PendingSignUp): Promise<void> {
    const owner = await this.users.findByEmail(signUp.email);
    // Who belongs to no tenant any more starts over, with the link and the password of their account.
    if (owner && !(await this.users.isDeserted(owner.id))) return this.mails.sendReminder(owner);
    this.mails.sendLink(signUp, 'complete_sign_up', await this.pending.put(signUp));
  }

  private async remindOwner(email: string): Promise<void> {
    const owner = await this.users.findByEmail(email);
    if (owner) this.mails.sendReminder(owner);
  }

  /** All or nothing. @returns undefined where the address has an account */
  private async makeAccount(
    client: PoolClient,
    { email, passwordHash, name, tenantName, language, timeZone }: PendingSignUp,
    isEmailConfirmed: boolean,
  ): Promise<NewAccount | undefined> {
    const user = await this.users.insert(client, { email, passwordHash, name, language, isEmailConfirmed });
    if (!user) return undefined;
    const tenant = await this.tenants.create(client, { name: tenantName, language, timeZone }, user.id);
    return { user, tenant };
  }

  private openFirst({ user, tenant }: NewAccount, transport: Transport, origin: Origin): Promise<Opened> {
    return this.accounts.open(user, user, { tenant, role: 'owner' }, 'sign_up', transport, origin);
  }
}

function emailTaken(): ProblemError {
  return conflict('email_taken', 'This e-mail address has an account; sign in instead.');
}

function wrongPassword(): ProblemError {
  return new ProblemError(
    401,
    'wrong_credentials',
    'This is not the password of this sign-up; if you forgot it, or did not ask for this, sign up again.',
  );
}
