import { type z } from 'zod';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { signUpSchema } from '../auth.dto.js';
import { PasswordHasher } from '../passwords/password-hasher.service.js';
import { UsersRepository } from '../users.repository.js';
import { type OperatorRow, OperatorsRepository } from './operators.repository.js';

const newOperatorSchema = signUpSchema.pick({ email: true, password: true, name: true });

/** What became of somebody who was to be an operator: a new account, or a present one that keeps its password. */
export type Appointment = 'account_made' | 'account_promoted' | 'already_operator';

/** Who the operators are. For the command at the installation alone: no route of the API makes one. */
export class OperatorRegistry {
  private readonly users: UsersRepository;
  private readonly operators: OperatorsRepository;
  private readonly passwords = new PasswordHasher();

  constructor(private readonly dispatcher: DispatcherDatabase) {
    this.users = new UsersRepository(dispatcher);
    this.operators = new OperatorsRepository(dispatcher);
  }

  /**
   * @param askPassword asked for only where the person has no account yet
   * @throws ProblemError 400 naming what is wrong with address, name or password
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
      return known ? 'account_promoted' : 'account_made';
    });
  }

  list(): Promise<OperatorRow[]> {
    return this.operators.findAll();
  }

  /** The account stays. @returns false where nobody of this address is an operator */
  remove(email: string): Promise<boolean> {
    return this.operators.delete(email.trim().toLowerCase());
  }
}

function check<Value>(schema: z.ZodType<Value>, given: unknown): Value {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new ProblemError(400, 'invalid_input', detail);
}
