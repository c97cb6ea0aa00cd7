import { z } from 'zod';
import { signInSchema, userSchema } from '../auth.dto.js';
import { codes } from '../second-factor/second-factor.dto.js';

export const operatorSignInSchema = signInSchema
  .pick({ email: true, password: true })
  .extend(codes)
  .refine(({ code, recoveryCode }) => code === undefined || recoveryCode === undefined, {
    path: ['code'],
    error: 'give either a code or a recovery code',
  })
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
