import { Injectable } from '@nestjs/common';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { Configuration } from '../config/index.js';
import { Clock } from '../platform/clock/index.js';
import { deriveKey } from '../platform/crypto/index.js';
import { asTenantId, asUserId, idSchema, type TenantId, type UserId } from '../platform/identity/index.js';

export const ACCESS_TOKEN_SECONDS = 15 * 60;
const ALGORITHM = 'HS256';
/** RFC 9068's type, so that no other token we may ever sign passes for this one. */
const TOKEN_TYPE = 'at+jwt';
const ISSUER = 'arauto';
const claimsSchema = z.object({ sub: idSchema, tid: idSchema, sid: idSchema });

/** Whose session a token is of. The role isn't in it: it is looked up, so that a change of role doesn't wait. */
export interface TokenBearer {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly sessionId: string;
}

/** Access tokens: JWT, HS256, a quarter of an hour. */
@Injectable()
export class AccessTokens {
  private readonly key: Buffer;

  constructor(
    configuration: Configuration,
    private readonly clock: Clock,
  ) {
    this.key = deriveKey(configuration.secrets.SESSION_KEY, 'access-token');
  }

  sign(bearer: TokenBearer): Promise<string> {
    const nowSeconds = Math.floor(this.clock.now().getTime() / 1000);
    return new SignJWT({ tid: bearer.tenantId, sid: bearer.sessionId })
      .setProtectedHeader({ alg: ALGORITHM, typ: TOKEN_TYPE })
      .setSubject(bearer.userId)
      .setIssuer(ISSUER)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + ACCESS_TOKEN_SECONDS)
      .sign(this.key);
  }

  /** @returns undefined for what isn't ours, was changed, or is too old */
  async verify(token: string): Promise<TokenBearer | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.key, {
        algorithms: [ALGORITHM],
        typ: TOKEN_TYPE,
        issuer: ISSUER,
        requiredClaims: ['exp'],
        currentDate: this.clock.now(),
      });
      const { sub, tid, sid } = claimsSchema.parse(payload);
      return { userId: asUserId(sub), tenantId: asTenantId(tid), sessionId: sid };
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }
}
