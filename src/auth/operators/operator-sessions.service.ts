import { Injectable, Logger } from '@nestjs/common';
import { z } from 'zod';
import { Configuration } from '../../config/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { Clock } from '../../platform/clock/index.js';
import { deriveKey } from '../../platform/crypto/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { asUserId, idSchema, type OperatorCaller } from '../../platform/identity/index.js';
import { AccountsService, viewUser, wrongCredentials } from '../accounts.service.js';
import { type Origin } from '../origin.js';
import { SecondFactorService, wrongCode } from '../second-factor/second-factor.service.js';
import { TokenSigner } from '../token-signer.js';
import { type OperatorSignedIn, type OperatorSignIn } from './operator.dto.js';
import { OperatorAccess } from './operator-access.service.js';
import { OperatorsRepository } from './operators.repository.js';

/** A working session at a desk; nothing renews it. */
export const OPERATOR_SESSION_SECONDS = 60 * 60;
const TOKEN_TYPE = 'operator+jwt';
const claimsSchema = z.object({ sub: idSchema, sid: idSchema });

/** Sessions of operators: apart from members', with tokens of another type, and in no tenant. */
@Injectable()
export class OperatorSessions {
  private readonly logger = new Logger('operators');
  private readonly signer: TokenSigner<z.infer<typeof claimsSchema>>;

  constructor(
    private readonly accounts: AccountsService,
    private readonly secondFactor: SecondFactorService,
    private readonly operators: OperatorsRepository,
    private readonly access: OperatorAccess,
    private readonly dispatcher: DispatcherDatabase,
    configuration: Configuration,
    clock: Clock,
  ) {
    const key = deriveKey(configuration.secrets.SESSION_KEY, 'operator-token');
    this.signer = new TokenSigner(key, TOKEN_TYPE, claimsSchema, clock);
  }

  /**
   * @throws ProblemError 401 `wrong_credentials`, the same for people who are no operators; 401 `second_factor_required`
   *   or `wrong_code` where one is on
   */
  async signIn(input: OperatorSignIn, origin: Origin): Promise<OperatorSignedIn> {
    const user = await this.accounts.prove(input, origin);
    if (user.hasSecondFactor) {
      if (input.code === undefined && input.recoveryCode === undefined) throw secondFactorRequired();
      if (!(await this.secondFactor.isShown(user.id, input, origin))) throw wrongCode(401);
    }
    const session = await this.operators.insertSession(user, OPERATOR_SESSION_SECONDS);
    if (!session) throw wrongCredentials();
    this.logger.log(`operator ${user.id} signed in: session ${session.id}`);
    return {
      accessToken: await this.signer.sign({ sub: user.id, sid: session.id }, OPERATOR_SESSION_SECONDS),
      expiresAt: session.expiresAt.toISOString(),
      user: viewUser(user),
    };
  }

  /** The operator's looks into tenants end with it. */
  async end({ userId, sessionId }: OperatorCaller): Promise<void> {
    await this.dispatcher.transaction(async (client) => {
      await this.operators.endSession(client, sessionId);
      await this.access.endLooks(client, userId);
    });
  }

  /** Asked anew each time: whoever is removed is out at once. @returns undefined where the session isn't open */
  async findByAccessToken(token: string): Promise<OperatorCaller | undefined> {
    const claims = await this.signer.verify(token);
    if (!claims) return undefined;
    const operator = { userId: asUserId(claims.sub), sessionId: claims.sid };
    return (await this.operators.isSessionOpen(operator.sessionId, operator.userId)) ? operator : undefined;
  }
}

function secondFactorRequired(): ProblemError {
  return new ProblemError(
    401,
    'second_factor_required',
    'Send e-mail address and password again with a `code` of your authenticator, or a `recoveryCode`.',
  );
}
