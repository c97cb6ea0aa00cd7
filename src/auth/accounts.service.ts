import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../platform/database/index.js';
import { conflict, notFound, ProblemError } from '../platform/errors/index.js';
import { asTenantId, type MemberCaller } from '../platform/identity/index.js';
import { type Membership, TenantsService, viewTenant } from '../tenants/index.js';
import { type Me, type SignedIn, type SignIn, type SignUp } from './auth.dto.js';
import { GuessLimiter } from './guess-limiter.service.js';
import { type Origin } from './origin.js';
import { PasswordHasher } from './password-hasher.service.js';
import { SessionsService } from './sessions.service.js';
import { type User, UsersRepository } from './users.repository.js';

@Injectable()
export class AccountsService {
  constructor(
    private readonly users: UsersRepository,
    private readonly tenants: TenantsService,
    private readonly sessions: SessionsService,
    private readonly passwords: PasswordHasher,
    private readonly guesses: GuessLimiter,
    private readonly dispatcher: DispatcherDatabase,
  ) {}

  /** Makes a person, their tenant, and a session as its owner: all or nothing. */
  async signUp(input: SignUp, origin: Origin): Promise<SignedIn> {
    // Asking which addresses have an account counts like guessing a password.
    const guess = this.guesses.admit(input.email, origin.address);
    const passwordHash = await this.passwords.hash(input.password);
    const signedIn = await this.dispatcher.transaction(async (client) => {
      const user = await this.users.insert(client, { ...input, passwordHash });
      if (!user) throw conflict('email_taken', 'This e-mail address has an account; sign in instead.');
      const { language, timeZone } = input;
      const tenant = await this.tenants.create(
        client,
        { name: input.tenantName, language, timeZone },
        user.id,
      );
      const tokens = await this.sessions.open(client, {
        tenantId: asTenantId(tenant.id),
        userId: user.id,
        userAgent: origin.userAgent,
      });
      return { ...tokens, user, tenant: viewTenant(tenant), role: 'owner' as const };
    });
    this.guesses.forgive(guess);
    return signedIn;
  }

  /**
   * The person whose e-mail address and password these are.
   *
   * @throws ProblemError 401 `wrong_credentials`, the same for an unknown address and a wrong password
   */
  async prove({ email, password }: Pick<SignIn, 'email' | 'password'>, origin: Origin): Promise<User> {
    const guess = this.guesses.admit(email, origin.address);
    const user = await this.users.findByEmail(email);
    const isMatch = await this.passwords.isMatch(password, user?.passwordHash);
    if (!user || !isMatch) throw wrongCredentials();
    this.guesses.forgive(guess);
    return viewUser(user);
  }

  /** @throws ProblemError 401 as {@link prove} has it */
  async signIn(input: SignIn, origin: Origin): Promise<SignedIn> {
    const user = await this.prove(input, origin);
    const { tenant, role } = chooseTenant(await this.tenants.membershipsOf(user.id), input.tenantId);
    const tokens = await this.dispatcher.transaction((client) =>
      this.sessions.open(client, {
        tenantId: asTenantId(tenant.id),
        userId: user.id,
        userAgent: origin.userAgent,
      }),
    );
    return { ...tokens, user, tenant: viewTenant(tenant), role };
  }

  async whoAmI(caller: MemberCaller): Promise<Me> {
    const [user, memberships] = await Promise.all([
      this.users.findById(caller.actor.userId),
      this.tenants.membershipsOf(caller.actor.userId),
    ]);
    const { tenant, role } = chooseTenant(memberships, caller.tenantId);
    if (!user) throw notFound('user');
    return {
      user,
      tenant: viewTenant(tenant),
      role,
      sessionId: caller.actor.sessionId,
      tenants: memberships.map((membership) => ({
        id: membership.tenant.id,
        name: membership.tenant.name,
        role: membership.role,
      })),
    };
  }
}

function chooseTenant(memberships: Membership[], tenantId: string | undefined): Membership {
  const chosen =
    tenantId === undefined ? memberships[0] : memberships.find(({ tenant }) => tenant.id === tenantId);
  if (!chosen) throw notFound('tenant among yours');
  if (chosen.tenant.state === 'suspended') throw tenantSuspended();
  return chosen;
}

function viewUser({ id, email, name, language }: User): User {
  return { id, email, name, language };
}

export function wrongCredentials(): ProblemError {
  return new ProblemError(401, 'wrong_credentials', 'E-mail address or password is wrong.');
}

export function tenantSuspended(): ProblemError {
  return new ProblemError(403, 'tenant_suspended', 'This tenant is suspended; ask the operator why.');
}
