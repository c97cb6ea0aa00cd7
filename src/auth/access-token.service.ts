import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Configuration } from '../config/index.js';
import { Clock } from '../platform/clock/index.js';
import { deriveKey } from '../platform/crypto/index.js';
import { asTenantId, asUserId, idSchema, type TenantId, type UserId } from '../platform/identity/index.js';
import { TokenSigner } from './token-signer.js';

export const ACCESS_TOKEN_SECONDS = 15 * 60;
/** RFC 9068's type. */
const TOKEN_TYPE = 'at+jwt';
const claimsSchema = z.object({ sub: idSchema, tid: idSchema, sid: idSchema });

/** Whose session a token is of. The role isn't in it: it is looked up, so that a change of role doesn't wait. */
export interface TokenBearer {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly sessionId: string;
}

/** Access tokens of members: a quarter of an hour. */
@Injectable()
export class AccessTokens {
  private readonly signer: TokenSigner<z.infer<typeof claimsSchema>>;

  constructor(configuration: Configuration, clock: Clock) {
    const key = deriveKey(configuration.secrets.SESSION_KEY, 'access-token');
    this.signer = new TokenSigner(key, TOKEN_TYPE, claimsSchema, clock);
  }

  sign({ tenantId, userId, sessionId }: TokenBearer): Promise<string> {
    return this.signer.sign({ sub: userId, tid: tenantId, sid: sessionId }, ACCESS_TOKEN_SECONDS);
  }

  /** @returns undefined for what isn't ours, was changed, or is too old */
  async verify(token: string): Promise<TokenBearer | undefined> {
    const claims = await this.signer.verify(token);
    return (
      claims && { userId: asUserId(claims.sub), tenantId: asTenantId(claims.tid), sessionId: claims.sid }
    );
  }
}
