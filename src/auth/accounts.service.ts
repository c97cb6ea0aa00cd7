import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../platform/database/index.js';
import { conflict, notFound, ProblemError } from '../platform/errors/index.js';
import { asTenantId, type MemberCaller, type UserId } from '../platform/identity/index.js';
import { type Membership, TenantsService, viewTenant } from '../tenants/index.js';
import { AccountTokensRepository } from './account-tokens.repository.js';
import {
  type Me,
  type SignedIn,
  type SignIn,
  type SwitchTenant,
  type Transport,
  type UserView,
} from './auth.dto.js';
import { GuessLimiter } from './guessing/guess-limiter.service.js';
import { type Origin } from './origin.js';
import { PasswordHasher } from './passwords/password-hasher.service.js';
import { type FinishSignIn } from './second-factor/second-factor.dto.js';
import { SecondFactorService, wrongCode } from './second-factor/second-factor.service.js';
import { type IssuedTokens, type OpeningWay, SessionsService, signInOutdated } from './sessions.service.js';
import { type SessionHolder } from './sessions.repository.js';
import { type ProvenUser, type User, UsersRepository, type UserWithSecrets } from './users.repository.js';

/** What signing in gives, before it is decided how the refresh token travels. */
export type Opened = IssuedTokens & Omit<SignedIn, keyof IssuedTokens>;

@Injectable()
export class AccountsService {
  constructor(
    private readonly users: UsersRepository,
    private readonly accountTokens: AccountTokensRepository,
    private readonly tenants: TenantsService,
    private readonly sessions: SessionsService,
    private readonly secondFactor: SecondFactorService,
    private readonly passwords: PasswordHasher,
    private readonly guesses: GuessLimiter,
    private readonly dispatcher: DispatcherDatabase,
  ) {}

  /**
   * The person whose e-mail address and password these are. Where {@link UserWithSecrets.hasSecondFactor}, it is half of
   * the proof.
   *
   * @throws ProblemError 401 `wrong_credentials`, the same for an unknown address and a wrong password
   */
  async prove(
    { email, password }: Pick<SignIn, 'email' | 'password'>,
    origin: Origin,
  ): Promise<UserWithSecrets> {
    const guess = await this.guesses.admit('password', email, origin.address);
    const user = await this.users.findByEmail(email);
    const isMatch = await this.passwords.isMatch(password, user?.passwordHash);
    if (!user || !isMatch) throw wrongCredentials();
    await this.guesses.forgive(guess);
    return user;
  }

  /**
   * @throws ProblemError 401 as {@link prove} has it; 401 `second_factor_required` with a challenge for
   *   {@link finishSignIn}
   */
  async signIn(input: SignIn, origin: Origin): Promise<Opened> {
    const user = await this.prove(input, origin);
    if (user.hasSecondFactor) throw await this.challenge(user, input.tenantId);
    const membership = await this.chooseTenant(user.id, input.tenantId);
    return this.open(user, user, membership, 'password', input.transport, origin);
  }

  /**
   * The second step of signing in.
   *
   * @throws ProblemError 401 `challenge_rejected` or `wrong_code`; a wrong code counts as a guess at the account
   */
  async finishSignIn({ challenge, transport, ...shown }: FinishSignIn, origin: Origin): Promise<Opened> {
    const begun = await this.accountTokens.find('finish_sign_in', challenge);
    if (!begun) throw challengeRejected();
    if (!(await this.secondFactor.isShown(begun.userId, shown, origin))) throw wrongCode(401);
    const used = await this.dispatcher.transaction((client) =>
      this.accountTokens.take(client, 'finish_sign_in', challenge),
    );
    const user = used && (await this.users.findById(used.userId));
    if (!user) throw challengeRejected();
    const membership = await this.chooseTenant(user.id, used.wantedTenantId ?? undefined);
    // As they were when the password was right: the person read just now may have another one.
    const proven = { id: user.id, credentialVersion: used.credentialVersion ?? 0 };
    return this.open(proven, user, membership, 'second_factor', transport, origin);
  }

  /**
   * Opens another session of the same person, in another of their tenants; this one goes on, and both end together.
   *
   * @throws ProblemError 409 `already_there` where the session acts in that tenant already
   */
  async switchTenant(caller: MemberCaller, input: SwitchTenant, origin: Origin): Promise<Opened> {
    if (input.tenantId === caller.tenantId) {
      throw conflict('already_there', 'This session acts in that tenant already.');
    }
    const membership = await this.chooseTenant(caller.actor.userId, input.tenantId);
    const user = await this.users.findById(caller.actor.userId);
    if (!user) throw notFound('user');
    const holder = holderOf(user, membership, input.transport, origin);
    return describeOpened(await this.sessions.openBeside(caller, holder), user, membership);
  }

  async whoAmI(caller: MemberCaller): Promise<Me> {
    const { userId, sessionId } = caller.actor;
    const [user, memberships, recoveryCodesLeft] = await Promise.all([
      this.users.findById(userId),
      this.tenants.membershipsOf(userId),
      this.secondFactor.countRecoveryCodes(userId),
    ]);
    const { tenant, role } = chooseAmong(memberships, caller.tenantId);
    if (!user) throw notFound('user');
    return {
      user: viewUser(user),
      tenant: viewTenant(tenant),
      role,
      sessionId,
      secondFactor: { isOn: user.hasSecondFactor, recoveryCodesLeft },
      tenants: memberships.map((membership) => ({
        id: membership.tenant.id,
        name: membership.tenant.name,
        role: membership.role,
      })),
    };
  }

  /** What to throw at a person who has shown their password, and has a second factor. */
  async challenge(proven: ProvenUser, wantedTenantId: string | undefined): Promise<ProblemError> {
    const challenge = await this.dispatcher.transaction(async (client) => {
      if (!(await this.users.lockUnchanged(client, proven))) throw signInOutdated();
      return this.accountTokens.issue(client, 'finish_sign_in', {
        userId: proven.id,
        credentialVersion: proven.credentialVersion,
        wantedTenantId: wantedTenantId === undefined ? null : asTenantId(wantedTenantId),
      });
    });
    return new ProblemError(
      401,
      'second_factor_required',
      'Send the challenge with a code of your authenticator, or a recovery code, within five minutes.',
      [],
      { 'cache-control': 'no-store' },
      { challenge },
    );
  }

  private async chooseTenant(userId: UserId, tenantId: string | undefined): Promise<Membership> {
    return chooseAmong(await this.tenants.membershipsOf(userId), tenantId);
  }

  /**
   * Opens a session of a person in a tenant of theirs.
   *
   * @param proven the person as they were when they showed who they are
   */
  async open(
    proven: ProvenUser,
    user: User,
    membership: Membership,
    way: OpeningWay,
    transport: Transport,
    origin: Origin,
  ): Promise<Opened> {
    const tokens = await this.sessions.open(proven, holderOf(user, membership, transport, origin), way);
    return describeOpened(tokens, user, membership);
  }
}

function holderOf(
  { id: userId }: User,
  { tenant }: Membership,
  transport: Transport,
  { userAgent }: Origin,
): SessionHolder {
  return { tenantId: asTenantId(tenant.id), userId, userAgent, transport };
}

function describeOpened(tokens: IssuedTokens, user: User, { tenant, role }: Membership): Opened {
  return { ...tokens, user: viewUser(user), tenant: viewTenant(tenant), role };
}

function chooseAmong(memberships: Membership[], tenantId: string | undefined): Membership {
  if (memberships.length === 0) throw withoutTenant();
  const chosen =
    tenantId === undefined
      ? (memberships.find(({ tenant }) => tenant.state === 'active') ?? memberships[0])
      : memberships.find(({ tenant }) => tenant.id === tenantId);
  if (!chosen) throw notFound('tenant among yours');
  if (chosen.tenant.state === 'suspended') throw tenantSuspended();
  return chosen;
}

const withoutTenant = (): ProblemError =>
  conflict(
    'without_tenant',
    'You belong to no tenant any more. Sign up with this address and password to make your own, or accept an invitation.',
  );

export function viewUser({ id, email, emailConfirmedAt, name, language }: User): UserView {
  return { id, email, emailConfirmedAt: emailConfirmedAt?.toISOString() ?? null, name, language };
}

export function wrongCredentials(): ProblemError {
  return new ProblemError(401, 'wrong_credentials', 'E-mail address or password is wrong.');
}

export function tenantSuspended(): ProblemError {
  return new ProblemError(403, 'tenant_suspended', 'This tenant is suspended; ask the operator why.');
}

function challengeRejected(): ProblemError {
  return new ProblemError(401, 'challenge_rejected', 'This took too long; sign in again.');
}
