import { type z } from 'zod';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { AuditLog } from '../../tenants/index.js';
import { PasswordHasher } from '../passwords/password-hasher.service.js';
import { signUpSchema } from '../signing-up/signing-up.dto.js';
import { SupportAccessesRepository } from '../support/support-accesses.repository.js';
import { UsersRepository } from '../users.repository.js';
import { OperatorAccess } from './operator-access.service.js';
import { type OperatorRow, OperatorsRepository } from './operators.repository.js';

const newOperatorSchema = signUpSchema.pick({ email: true, password: true, name: true });

/** What became of somebody who was to be an operator: a new account, or a present one that keeps its password. */
export type Appointment = 'account_made' | 'account_promoted' | 'already_operator';

/** Who the operators are. For the command at the installation alone: no route of the API makes one. */
export class OperatorRegistry {
  private readonly users: UsersRepository;
  private readonly operators: OperatorsRepository;
  private readonly access: OperatorAccess;
  private readonly passwords = new PasswordHasher();

  constructor(private readonly dispatcher: DispatcherDatabase) {
    this.users = new UsersRepository(dispatcher);
    this.operators = new OperatorsRepository(dispatcher);
    this.access = new OperatorAccess(
      this.operators,
      new SupportAccessesRepository(dispatcher),
      new AuditLog(),
    );
  }

  /**
   * @param askPassword asked for only where the person has no account yet
   * @throws ProblemError 400 naming what is wrong with address, name or password; 409 `email_not_confirmed` for an account
   *   that anybody may have made with the address
   */
  async appoint(
    person: { readonly email: string; readonly name: string },
    askPassword: () => Promise<string>,
  ): Promise<Appointment> {
    const { email, name } = check(newOperatorSchema.omit({ password: true }), person);
    const known = await this.users.findByEmail(email);
    const passwordHash = known
      ? undefined
      : await this.passwords.hash(
          check(newOperatorSchema.pick({ password: true }), { password: await askPassword() }).password,
        );
    return this.dispatcher.transaction(async (client) => {
      const user =
        known ??
        (passwordHash === undefined
          ? undefined
          : await this.users.insert(client, { email, name, language: 'en', passwordHash }));
      if (!user)
        throw new ProblemError(
          409,
          'email_taken',
          'Somebody signed up with this address just now; try again.',
        );
      if (!(await this.operators.insert(client, user.id))) return 'already_operator';
      if (known) {
        if (known.emailConfirmedAt === null) throw accountNotProven();
        return 'account_promoted';
      }
      // Whoever works at the installation vouches for the address.
      await this.users.confirmEmail(client, user.id);
      return 'account_made';
    });
  }

  list(): Promise<OperatorRow[]> {
    return this.operators.findAll();
  }

  /** The account stays. @returns false where nobody of this address is an operator */
  remove(email: string): Promise<boolean> {
    return this.dispatcher.transaction(async (client) => {
      const userId = await this.operators.delete(client, email.trim().toLowerCase());
      if (userId !== undefined) await this.access.endLooks(client, userId);
      return userId !== undefined;
    });
  }
}

function accountNotProven(): ProblemError {
  return new ProblemError(
    409,
    'email_not_confirmed',
    'There is an account with this address, but nobody has proven that the address is theirs. Its owner asks for a new password first: the link in that mail confirms the address, and whoever made the account is out.',
  );
}

function check<Value>(schema: z.ZodType<Value>, given: unknown): Value {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new ProblemError(400, 'invalid_input', detail);
}
