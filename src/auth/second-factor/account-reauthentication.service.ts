import { Injectable } from '@nestjs/common';
import { type PersonProof, Reauthentication } from '../../platform/access/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { type MemberCaller, type UserId } from '../../platform/identity/index.js';
import { PasswordProof } from '../passwords/password-proof.service.js';
import { type UserWithSecrets } from '../users.repository.js';
import { SecondFactorService, wrongCode } from './second-factor.service.js';

/** Asks for all that signing in takes. */
@Injectable()
export class AccountReauthentication extends Reauthentication {
  constructor(
    private readonly passwords: PasswordProof,
    private readonly secondFactor: SecondFactorService,
  ) {
    super();
  }

  override async prove({ actor }: MemberCaller, proof: PersonProof, address: string): Promise<void> {
    await this.require(actor.userId, proof, address);
  }

  /** As {@link prove}. @returns the person as they were proven to be there */
  async require(
    userId: UserId,
    { password, code, recoveryCode }: PersonProof,
    address: string,
  ): Promise<UserWithSecrets> {
    const user = await this.passwords.require(userId, password, address);
    if (!user.hasSecondFactor) return user;
    if (code === undefined && recoveryCode === undefined) throw codeMissing();
    const origin = { address, userAgent: undefined };
    if (!(await this.secondFactor.isShown(userId, { code, recoveryCode }, origin))) throw wrongCode(403);
    return user;
  }
}

const codeMissing = (): ProblemError =>
  new ProblemError(
    403,
    'second_factor_required',
    'Send a code of your authenticator, or a recovery code, beside the password.',
  );
