import { z } from 'zod';
import { emailSchema, lineOfTextSchema } from '../../platform/http/index.js';
import { languageSchema, tenantNameSchema, timeZoneSchema } from '../../tenants/index.js';
import { accountTokenSchema, newPasswordSchema, transportSchema } from '../auth.dto.js';

export const signUpSchema = z
  .strictObject({
    email: emailSchema,
    password: newPasswordSchema,
    name: lineOfTextSchema(100).meta({ examples: ['Ana'] }),
    tenantName: tenantNameSchema,
    language: languageSchema.default('en'),
    timeZone: timeZoneSchema.default('UTC'),
    transport: transportSchema,
  })
  .meta({ id: 'SignUp' });
export type SignUp = z.infer<typeof signUpSchema>;

export const completeSignUpSchema = z
  .strictObject({
    token: accountTokenSchema.describe('from the link in the mail, behind `#token=`'),
    password: newPasswordSchema.describe(
      'the one of the sign-up: whoever opens the link must be who asked for it',
    ),
    transport: transportSchema,
  })
  .meta({ id: 'CompleteSignUp' });
export type CompleteSignUp = z.infer<typeof completeSignUpSchema>;
