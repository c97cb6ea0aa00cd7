import { z } from 'zod';
import {
  authenticatorCodeSchema,
  codeFields,
  oneCodeAtMost,
  type ShownCode,
  shownPasswordSchema,
} from '../../platform/access/index.js';
import { accountTokenSchema, transportSchema } from '../auth.dto.js';

const hasOneCode = ({ code, recoveryCode }: ShownCode): boolean =>
  (code === undefined) !== (recoveryCode === undefined);

export const finishSignInSchema = z
  .strictObject({
    challenge: accountTokenSchema.describe('of the answer `second_factor_required`; good for five minutes'),
    ...codeFields,
    transport: transportSchema,
  })
  .refine(hasOneCode, oneCodeAtMost)
  .meta({ id: 'FinishSignIn' });
export type FinishSignIn = z.infer<typeof finishSignInSchema>;

export const setUpSecondFactorSchema = z
  .strictObject({ password: shownPasswordSchema })
  .meta({ id: 'SetUpSecondFactor' });
export type SetUpSecondFactor = z.infer<typeof setUpSecondFactorSchema>;

export const confirmSecondFactorSchema = z
  .strictObject({ code: authenticatorCodeSchema })
  .meta({ id: 'ConfirmSecondFactor' });
export type ConfirmSecondFactor = z.infer<typeof confirmSecondFactorSchema>;

export const provenPersonSchema = z
  .strictObject({ password: shownPasswordSchema, ...codeFields })
  .refine(hasOneCode, oneCodeAtMost)
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
