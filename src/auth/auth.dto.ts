import { z } from 'zod';
import { PASSWORD_LENGTH_MAXIMUM, shownPasswordSchema } from '../platform/access/index.js';
import { emailSchema } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { languageSchema, roleSchema, tenantSchema } from '../tenants/index.js';

const passwordExample = { examples: ['correct horse battery'] };
export const newPasswordSchema = shownPasswordSchema.min(10).meta(passwordExample);

/** 256 random bits, as mails and answers carry them. */
export const accountTokenSchema = z
  .string()
  .regex(/^[\w-]{20,100}$/, 'must be the token as it was given')
  .max(100);

export const transportSchema = z
  .enum(['body', 'cookie'])
  .default('body')
  .describe(
    "where the refresh token travels: `cookie` is for the installation's own pages, whose scripts never see it",
  );
export type Transport = z.infer<typeof transportSchema>;

export const signInSchema = z
  .strictObject({
    email: emailSchema,
    password: z.string().min(1).max(PASSWORD_LENGTH_MAXIMUM).meta(passwordExample),
    tenantId: idSchema
      .optional()
      .describe('where the person is in several tenants; the first joined that is not suspended otherwise'),
    transport: transportSchema,
  })
  .meta({ id: 'SignIn', examples: [{ email: 'ana@example.org', password: 'correct horse battery' }] });
export type SignIn = z.infer<typeof signInSchema>;

export const refreshSchema = z
  .strictObject({
    refreshToken: z.string().min(1).max(200).optional().describe('with transport `body`'),
    transport: transportSchema,
  })
  .refine(({ refreshToken, transport }) => (refreshToken !== undefined) === (transport === 'body'), {
    path: ['refreshToken'],
    error: 'is given with transport body, and only there: a cookie brings its own',
  })
  .meta({
    id: 'Refresh',
    examples: [{ refreshToken: 'refreshToken of sign-up, sign-in or the refresh before' }],
  });
export type Refresh = z.infer<typeof refreshSchema>;

export const switchTenantSchema = z
  .strictObject({ tenantId: idSchema, transport: transportSchema })
  .meta({ id: 'SwitchTenant' });
export type SwitchTenant = z.infer<typeof switchTenantSchema>;

export const userSchema = z
  .object({
    id: idSchema,
    email: z.string(),
    emailConfirmedAt: z.iso
      .datetime()
      .nullable()
      .describe('null until the link that was mailed to the address was opened'),
    name: z.string(),
    language: languageSchema,
  })
  .meta({ id: 'User' });
export type UserView = z.infer<typeof userSchema>;

export const tokensSchema = z
  .object({
    accessToken: z.string().describe('for `Authorization: Bearer`'),
    expiresInSeconds: z.int().describe('life of the access token'),
    refreshToken: z
      .string()
      .exactOptional()
      .describe('single use: each refresh gives the next one; absent with transport `cookie`'),
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
    secondFactor: z.object({
      isOn: z.boolean().describe('signing in takes a code beside the password'),
      recoveryCodesLeft: z.int(),
    }),
    tenants: z
      .array(z.object({ id: idSchema, name: z.string(), role: roleSchema }))
      .describe('every tenant of the person; switch-tenant opens a session in another one'),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof meSchema>;
