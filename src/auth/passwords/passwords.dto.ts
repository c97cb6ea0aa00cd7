import { z } from 'zod';
import {
  hasAtMostOneCode,
  oneCodeAtMost,
  personProofFields,
  shownPasswordSchema,
} from '../../platform/access/index.js';
import { emailSchema } from '../../platform/http/index.js';
import { accountTokenSchema, newPasswordSchema } from '../auth.dto.js';

export const forgotPasswordSchema = z.strictObject({ email: emailSchema }).meta({ id: 'ForgotPassword' });
export type ForgotPassword = z.infer<typeof forgotPasswordSchema>;

export const resetPasswordSchema = z
  .strictObject({
    token: accountTokenSchema.describe('from the link in the mail, behind `#token=`'),
    password: newPasswordSchema,
  })
  .meta({ id: 'ResetPassword' });
export type ResetPassword = z.infer<typeof resetPasswordSchema>;

export const changePasswordSchema = z
  .strictObject({
    currentPassword: shownPasswordSchema,
    newPassword: newPasswordSchema,
    code: personProofFields.code,
    recoveryCode: personProofFields.recoveryCode,
  })
  .refine(hasAtMostOneCode, oneCodeAtMost)
  .meta({ id: 'ChangePassword' });
export type ChangePassword = z.infer<typeof changePasswordSchema>;
