import { z } from 'zod';
import { type MemberCaller } from '../identity/index.js';

/** Longer than any passphrase, shorter than what would make hashing a burden. */
export const PASSWORD_LENGTH_MAXIMUM = 200;
// Half a character is hashed as any other half: more than one password would open the account.
const KEPT_AS_TYPED = /^[^\p{Cc}\p{Cs}]*$/u;
const NOT_KEPT = 'must have no control characters and no half of an emoji';

/** The password of somebody who is signed in already, asked for once more. */
export const shownPasswordSchema = z
  .string()
  .min(1)
  .max(PASSWORD_LENGTH_MAXIMUM)
  .regex(KEPT_AS_TYPED, NOT_KEPT)
  .meta({ examples: ['correct horse battery'] });

export const authenticatorCodeSchema = z
  .string()
  .regex(/^\d{6}$/, 'must be the six digits that the authenticator shows')
  .max(6)
  .meta({ examples: ['123456'] });
const recoveryCodeSchema = z
  .string()
  .regex(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/i, 'must be one of the recovery codes, such as abcd-efgh-2345-wxyz')
  .max(19)
  .toLowerCase()
  .meta({ examples: ['abcd-efgh-2345-wxyz'] });

/** Either of them, where a second factor is on. */
export const codeFields = {
  code: authenticatorCodeSchema.optional(),
  recoveryCode: recoveryCodeSchema.optional().describe('instead of the code, once'),
};

/** What shows that the second factor is at hand. */
export interface ShownCode {
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
}

/** For a body's `refine`. */
export const hasAtMostOneCode = ({ code, recoveryCode }: ShownCode): boolean =>
  code === undefined || recoveryCode === undefined;
export const oneCodeAtMost = { path: ['code'], error: 'give either a code or a recovery code' };

/** What a person shows once more; fields of the body of what takes it. */
export const personProofFields = {
  password: shownPasswordSchema.describe('of the person who asks, once more'),
  code: codeFields.code.describe('where a second factor is on'),
  recoveryCode: codeFields.recoveryCode,
};

export interface PersonProof extends ShownCode {
  readonly password: string;
}

/** Port: makes sure that the person is there, and not somebody with their open session. The room `auth` provides it. */
export abstract class Reauthentication {
  /**
   * @param address where the request comes from
   * @throws ProblemError 403 `wrong_password`, `second_factor_required` or `wrong_code`; 429 with growing waits, since
   *   each wrong one counts as a guess at the account
   */
  abstract prove(caller: MemberCaller, proof: PersonProof, address: string): Promise<void>;
}
