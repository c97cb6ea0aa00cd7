import { z } from 'zod';
import { hasAtMostOneCode, oneCodeAtMost, personProofFields } from '../../platform/access/index.js';
import { emailSchema } from '../../platform/http/index.js';
import { accountTokenSchema } from '../auth.dto.js';

export const confirmEmailSchema = z
  .strictObject({ token: accountTokenSchema.describe('from the link in the mail, behind `#token=`') })
  .meta({ id: 'ConfirmEmail' });
export type ConfirmEmail = z.infer<typeof confirmEmailSchema>;

export const changeEmailSchema = z
  .strictObject({ email: emailSchema, ...personProofFields })
  .refine(hasAtMostOneCode, oneCodeAtMost)
  .meta({ id: 'ChangeEmail' });
export type ChangeEmail = z.infer<typeof changeEmailSchema>;
