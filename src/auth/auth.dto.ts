import { z } from 'zod';
import { emailSchema, lineOfTextSchema } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import {
  languageSchema,
  roleSchema,
  tenantNameSchema,
  tenantSchema,
  timeZoneSchema,
} from '../tenants/index.js';

/** Longer than any passphrase, shorter than what would make hashing a burden. */
const PASSWORD_MAXIMUM = 200;
const passwordExample = { examples: ['correct horse battery'] };

export const signUpSchema = z
  .strictObject({
    email: emailSchema,
    password: z
      .string()
      .min(10)
      .max(PASSWORD_MAXIMUM)
      // Half a character is hashed as any other half: more than one password would open the account.
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must have no control characters and no half of an emoji')
      .meta(passwordExample),
    name: lineOfTextSchema(100).meta({ examples: ['Ana'] }),
    tenantName: tenantNameSchema,
    language: languageSchema.default('en'),
    timeZone: timeZoneSchema.default('UTC'),
  })
  .meta({ id: 'SignUp' });
export type SignUp = z.infer<typeof signUpSchema>;

export const signInSchema = z
  .strictObject({
    email: emailSchema,
    password: z.string().min(1).max(PASSWORD_MAXIMUM).meta(passwordExample),
    tenantId: idSchema
      .optional()
      .describe('where the person is in several tenants; the first joined otherwise'),
  })
  .meta({ id: 'SignIn', examples: [{ email: 'ana@example.org', password: 'correct horse battery' }] });
export type SignIn = z.infer<typeof signInSchema>;

export const refreshSchema = z.strictObject({ refreshToken: z.string().min(1).max(200) }).meta({
  id: 'Refresh',
  examples: [{ refreshToken: 'refreshToken of sign-up, sign-in or the refresh before' }],
});
export type Refresh = z.infer<typeof refreshSchema>;

export const userSchema = z
  .object({ id: idSchema, email: z.string(), name: z.string(), language: languageSchema })
  .meta({ id: 'User' });
export type UserView = z.infer<typeof userSchema>;

export const tokensSchema = z
  .object({
    accessToken: z.string().describe('for `Authorization: Bearer`'),
    expiresInSeconds: z.int().describe('life of the access token'),
    refreshToken: z.string().describe('single use: each refresh gives the next one'),
  })
  .meta({ id: 'Tokens' });
export type Tokens = z.infer<typeof tokensSchema>;

export const signedInSchema = tokensSchema
  .extend({ user: userSchema, tenant: tenantSchema, role: roleSchema })
  .meta({ id: 'SignedIn' });
export type SignedIn = z.infer<typeof signedInSchema>;

export const meSchema = z
  .object({
    user: userSchema,
    tenant: tenantSchema.describe('the one tenant that this session acts in'),
    role: roleSchema,
    sessionId: idSchema,
    tenants: z
      .array(z.object({ id: idSchema, name: z.string(), role: roleSchema }))
      .describe("every tenant of the person; sign in with another one's id to act there"),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof meSchema>;
