import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { Configuration } from '../../config/index.js';
import { type ShownCode } from '../../platform/access/index.js';
import { Clock } from '../../platform/clock/index.js';
import { KeyRing, sha256 } from '../../platform/crypto/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { conflict, ProblemError } from '../../platform/errors/index.js';
import { asUserId, type MemberCaller, type UserId } from '../../platform/identity/index.js';
import { AuditLog, emailNotConfirmed, type SealedColumn } from '../../tenants/index.js';
import { AccountMails } from '../account-mails/account-mails.service.js';
import { type AccountMail } from '../account-mails/account-mails.rules.js';
import { GuessLimiter } from '../guessing/guess-limiter.service.js';
import { type Origin } from '../origin.js';
import { PasswordProof } from '../passwords/password-proof.service.js';
import { signInOutdated } from '../sessions.service.js';
import { type User, UsersRepository } from '../users.repository.js';
import { RECOVERY_CODE_BYTES, RECOVERY_CODE_COUNT, writeRecoveryCode } from './recovery-codes.rules.js';
import {
  type AuthenticatorSecret,
  type ConfirmSecondFactor,
  type ProvenPerson,
  type RecoveryCodes,
  type SetUpSecondFactor,
} from './second-factor.dto.js';
import { type SecondFactor, SecondFactorsRepository } from './second-factors.repository.js';
import { describeSecret, findUnusedStep, SECRET_BYTES } from './totp.rules.js';

const KEY_PURPOSE = 'second-factors';

/** Codes of an authenticator beside the password, and codes on paper for the day it is lost. */
@Injectable()
export class SecondFactorService {
  private readonly keys: KeyRing;

  constructor(
    private readonly repository: SecondFactorsRepository,
    private readonly users: UsersRepository,
    private readonly proof: PasswordProof,
    private readonly guesses: GuessLimiter,
    private readonly mails: AccountMails,
    private readonly audit: AuditLog,
    private readonly dispatcher: DispatcherDatabase,
    private readonly clock: Clock,
    configuration: Configuration,
  ) {
    this.keys = new KeyRing(configuration.secrets, KEY_PURPOSE);
  }

  /** Makes a secret that counts once a code of it was shown. */
  async setUp(
    { actor }: MemberCaller,
    { password }: SetUpSecondFactor,
    { address }: Origin,
  ): Promise<AuthenticatorSecret> {
    const user = await this.proof.require(actor.userId, password, address);
    // Else whoever signs up with another person's address could lock them out of it.
    if (user.emailConfirmedAt === null) throw emailNotConfirmed();
    const secret = randomBytes(SECRET_BYTES);
    const sealed = this.keys.seal(secret, placeOf(user.id));
    if (!(await this.repository.insertUnconfirmed(user.id, sealed))) throw alreadyOn();
    return describeSecret(secret, user.email);
  }

  /** Turns it on. @returns the recovery codes, which are shown now and never again */
  async confirm(
    caller: MemberCaller,
    { code }: ConfirmSecondFactor,
    { address }: Origin,
  ): Promise<RecoveryCodes> {
    const { userId } = caller.actor;
    const guess = await this.guesses.admit('second_factor', userId, address);
    const codes = await this.act(caller, 'second_factor.enabled', async (client) => {
      // A sign-in that is under way knows of no second factor yet.
      await this.users.outdateProofs(client, userId);
      const factor = await this.repository.lock(client, userId);
      if (!factor) throw notSetUp();
      if (factor.isConfirmed) throw alreadyOn();
      if (!(await this.isRightCode(client, userId, factor, code))) throw wrongCode(403);
      await this.repository.confirm(client, userId);
      return this.replaceCodes(client, userId);
    });
    await this.guesses.forgive(guess);
    await this.tell(userId, { kind: 'second_factor_on' });
    return codes;
  }

  /** New recovery codes in place of all old ones. */
  async replaceRecoveryCodes(
    caller: MemberCaller,
    { password, ...shown }: ProvenPerson,
    origin: Origin,
  ): Promise<RecoveryCodes> {
    const user = await this.proof.require(caller.actor.userId, password, origin.address);
    await this.require(user.id, shown, origin);
    return this.act(caller, 'second_factor.recovery_codes_replaced', async (client) => {
      if (!(await this.users.lockUnchanged(client, user))) throw signInOutdated();
      return this.replaceCodes(client, user.id);
    });
  }

  async remove(caller: MemberCaller, { password, ...shown }: ProvenPerson, origin: Origin): Promise<void> {
    const user = await this.proof.require(caller.actor.userId, password, origin.address);
    await this.require(user.id, shown, origin);
    await this.act(caller, 'second_factor.removed', async (client) => {
      if (!(await this.users.outdateOtherProofs(client, user))) throw signInOutdated();
      await this.repository.delete(client, user.id);
    });
    this.mails.send(user, { kind: 'second_factor_off' });
  }

  /**
   * Uses a code up. What is shown counts as a guess at this person until it is right: also for whoever knows the password,
   * so that signing in again and again gives no more tries.
   */
  async isShown(userId: UserId, shown: ShownCode, { address }: Origin): Promise<boolean> {
    const guess = await this.guesses.admit('second_factor', userId, address);
    const isRight = await this.dispatcher.transaction(async (client) => {
      const factor = await this.repository.lock(client, userId);
      if (!factor?.isConfirmed) return false;
      return shown.recoveryCode === undefined
        ? this.isRightCode(client, userId, factor, shown.code ?? '')
        : this.repository.useRecoveryCode(client, userId, sha256(shown.recoveryCode));
    });
    if (isRight) await this.guesses.forgive(guess);
    return isRight;
  }

  countRecoveryCodes(userId: UserId): Promise<number> {
    return this.repository.countRecoveryCodes(userId);
  }

  private async require(userId: UserId, shown: ShownCode, origin: Origin): Promise<void> {
    const user = await this.users.findById(userId);
    if (!user?.hasSecondFactor) throw notSetUp();
    if (!(await this.isShown(userId, shown, origin))) throw wrongCode(403);
  }

  private async isRightCode(
    client: PoolClient,
    userId: UserId,
    factor: SecondFactor,
    code: string,
  ): Promise<boolean> {
    const { plaintext: secret } = this.keys.unseal(factor.secretCiphertext, placeOf(userId));
    const step = findUnusedStep(secret, code, factor.lastStep, this.clock.now().getTime());
    if (step === undefined) return false;
    await this.repository.saveStep(client, userId, step);
    return true;
  }

  private async replaceCodes(client: PoolClient, userId: UserId): Promise<RecoveryCodes> {
    const recoveryCodes = Array.from({ length: RECOVERY_CODE_COUNT }, () =>
      writeRecoveryCode(randomBytes(RECOVERY_CODE_BYTES)),
    );
    await this.repository.replaceRecoveryCodes(client, userId, recoveryCodes.map(sha256));
    return { recoveryCodes };
  }

  /** The act with its entry, both or neither. */
  private act<Result>(
    { tenantId, actor }: MemberCaller,
    action: string,
    work: (client: PoolClient) => Promise<Result>,
  ): Promise<Result> {
    return this.dispatcher.transaction(async (client) => {
      const result = await work(client);
      const subject = { kind: 'user', id: actor.userId };
      await this.audit.recordFor(client, tenantId, { actor, action, subject });
      return result;
    });
  }

  private async tell(userId: UserId, mail: AccountMail): Promise<void> {
    const user: User | undefined = await this.users.findById(userId);
    if (user) this.mails.send(user, mail);
  }
}

export function wrongCode(status: 401 | 403): ProblemError {
  return new ProblemError(
    status,
    'wrong_code',
    'The code is wrong or was used already; wait for the next one.',
  );
}

function alreadyOn(): ProblemError {
  return conflict('second_factor_on', 'A second factor is on already; remove it first.');
}

function notSetUp(): ProblemError {
  return conflict('second_factor_not_set_up', 'There is no second factor; set one up first.');
}

const placeOf = (userId: UserId) => `second-factor/${userId}`;

/** For rotations of keys. */
export const SEALED_SECOND_FACTORS: SealedColumn = {
  what: 'second factors',
  table: 'second_factors',
  id: 'user_id',
  ciphertext: 'secret_ciphertext',
  purpose: KEY_PURPOSE,
  place: ['user_id'],
  associatedData: ([userId = '']) => placeOf(asUserId(userId)),
};
