import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type Clock } from '../platform/clock/index.js';

const ALGORITHM = 'HS256';
const ISSUER = 'arauto';

/**
 * Signs and verifies tokens of one kind: JWT, HS256, with a key and a type (RFC 8725) of their own, so that no token
 * passes for one of another kind.
 */
export class TokenSigner<Claims extends Record<string, string>> {
  constructor(
    private readonly key: Buffer,
    private readonly type: string,
    private readonly schema: z.ZodType<Claims>,
    private readonly clock: Clock,
  ) {}

  sign(claims: Claims, seconds: number): Promise<string> {
    const nowSeconds = Math.floor(this.clock.now().getTime() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: this.type })
      .setIssuer(ISSUER)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + seconds)
      .sign(this.key);
  }

  /** @returns undefined for what isn't ours, was changed, or is too old */
  async verify(token: string): Promise<Claims | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.key, {
        algorithms: [ALGORITHM],
        typ: this.type,
        issuer: ISSUER,
        requiredClaims: ['exp'],
        currentDate: this.clock.now(),
      });
      return this.schema.parse(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }
}
