import { z } from 'zod';
import { accountTokenSchema, shownPasswordSchema, transportSchema } from '../auth.dto.js';

const codeSchema = z
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
export const codes = {
  code: codeSchema.optional(),
  recoveryCode: recoveryCodeSchema.optional().describe('instead of the code, once'),
};
const hasOneCode = ({ code, recoveryCode }: { code?: unknown; recoveryCode?: unknown }): boolean =>
  (code === undefined) !== (recoveryCode === undefined);
const oneCode = { path: ['code'], error: 'give either a code or a recovery code' };

/** What shows that the second factor is at hand. */
export interface ShownCode {
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
}

export const finishSignInSchema = z
  .strictObject({
    challenge: accountTokenSchema.describe('of the answer `second_factor_required`; good for five minutes'),
    ...codes,
    transport: transportSchema,
  })
  .refine(hasOneCode, oneCode)
  .meta({ id: 'FinishSignIn' });
export type FinishSignIn = z.infer<typeof finishSignInSchema>;

export const setUpSecondFactorSchema = z
  .strictObject({ password: shownPasswordSchema })
  .meta({ id: 'SetUpSecondFactor' });
export type SetUpSecondFactor = z.infer<typeof setUpSecondFactorSchema>;

export const confirmSecondFactorSchema = z
  .strictObject({ code: codeSchema })
  .meta({ id: 'ConfirmSecondFactor' });
export type ConfirmSecondFactor = z.infer<typeof confirmSecondFactorSchema>;

export const provenPersonSchema = z
  .strictObject({ password: shownPasswordSchema, ...codes })
  .refine(hasOneCode, oneCode)
  .meta({ id: 'PasswordAndCode' });
export type ProvenPerson = z.infer<typeof provenPersonSchema>;

export const authenticatorSecretSchema = z
  .object({
    secret: z.string().describe('base32, to be typed where no picture can be taken'),
    uri: z.string().describe('otpauth:// address, to be shown as a QR code'),
  })
  .meta({ id: 'AuthenticatorSecret' });
export type AuthenticatorSecret = z.infer<typeof authenticatorSecretSchema>;

export const recoveryCodesSchema = z
  .object({ recoveryCodes: z.array(z.string()).describe('each works once; they are never shown again') })
  .meta({ id: 'RecoveryCodes' });
export type RecoveryCodes = z.infer<typeof recoveryCodesSchema>;
