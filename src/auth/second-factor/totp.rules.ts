import { Secret, TOTP } from 'otpauth';

/** What every authenticator takes (RFC 6238, section 1.2). */
const TERMS = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
const ISSUER = 'Arauto';
/** Steps before and after the present one whose codes are right too: clocks differ, and people type slowly. */
const WINDOW = 1;
/** As long as the hash (RFC 4226, section 4, R6). */
export const SECRET_BYTES = 20;

/**
 * The step (of 30 s, counted from 1970) whose code it is.
 *
 * @returns undefined for a wrong code, and for one of a step that is not after the last one that was used
 */
export function findUnusedStep(
  secret: Buffer,
  code: string,
  lastStep: number,
  nowMs: number,
): number | undefined {
  const delta = TOTP.validate({
    ...TERMS,
    secret: secretOf(secret),
    token: code,
    timestamp: nowMs,
    window: WINDOW,
  });
  if (delta === null) return undefined;
  const step = Math.floor(nowMs / (TERMS.period * 1000)) + delta;
  return step > lastStep ? step : undefined;
}

/** The secret as people and authenticators take it. */
export function describeSecret(secret: Buffer, email: string): { secret: string; uri: string } {
  const totp = new TOTP({ ...TERMS, issuer: ISSUER, label: email, secret: secretOf(secret) });
  return { secret: totp.secret.base32, uri: totp.toString() };
}

function secretOf(bytes: Buffer): Secret {
  return new Secret({ buffer: Uint8Array.from(bytes).buffer });
}
