import { Injectable } from '@nestjs/common';
import { notFound, ProblemError } from '../../platform/errors/index.js';
import { type UserId } from '../../platform/identity/index.js';
import { GuessLimiter } from '../guessing/guess-limiter.service.js';
import { UsersRepository, type UserWithSecrets } from '../users.repository.js';
import { PasswordHasher } from './password-hasher.service.js';

/** The password once more, before what a stolen session must not do. */
@Injectable()
export class PasswordProof {
  constructor(
    private readonly users: UsersRepository,
    private readonly passwords: PasswordHasher,
    private readonly guesses: GuessLimiter,
  ) {}

  /**
   * @param address where the request comes from
   * @throws ProblemError 403 `wrong_password`; a wrong one counts as a guess at the account
   */
  async require(userId: UserId, password: string, address: string): Promise<UserWithSecrets> {
    const user = await this.users.findById(userId);
    if (!user) throw notFound('user');
    const guess = await this.guesses.admit('password', user.email, address);
    if (!(await this.passwords.isMatch(password, user.passwordHash))) {
      throw new ProblemError(403, 'wrong_password', 'The password is wrong; type the one you sign in with.');
    }
    await this.guesses.forgive(guess);
    return user;
  }
}
