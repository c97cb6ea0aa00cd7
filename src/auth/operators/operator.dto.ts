import { z } from 'zod';
import { codeFields, hasAtMostOneCode, oneCodeAtMost } from '../../platform/access/index.js';
import { signInSchema, userSchema } from '../auth.dto.js';

export const operatorSignInSchema = signInSchema
  .pick({ email: true, password: true })
  .extend(codeFields)
  .refine(hasAtMostOneCode, oneCodeAtMost)
  .meta({
    id: 'OperatorSignIn',
    examples: [{ email: 'ops@example.org', password: 'correct horse battery' }],
  });
export type OperatorSignIn = z.infer<typeof operatorSignInSchema>;

export const operatorSignedInSchema = z
  .object({
    accessToken: z.string().describe('for `Authorization: Bearer`, of the operator’s routes alone'),
    expiresAt: z.iso.datetime().describe('then sign in again: an operator’s session is not renewed'),
    user: userSchema,
  })
  .meta({ id: 'OperatorSignedIn' });
export type OperatorSignedIn = z.infer<typeof operatorSignedInSchema>;
