import { z } from 'zod';
import { shownPasswordSchema } from '../../platform/access/index.js';
import { emailSchema } from '../../platform/http/index.js';
import { accountTokenSchema } from '../auth.dto.js';

export const confirmEmailSchema = z
  .strictObject({ token: accountTokenSchema.describe('from the link in the mail, behind `#token=`') })
  .meta({ id: 'ConfirmEmail' });
export type ConfirmEmail = z.infer<typeof confirmEmailSchema>;

export const changeEmailSchema = z
  .strictObject({ email: emailSchema, password: shownPasswordSchema })
  .meta({ id: 'ChangeEmail' });
export type ChangeEmail = z.infer<typeof changeEmailSchema>;
