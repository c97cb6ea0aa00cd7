import { z } from 'zod';
import { idSchema } from '../../platform/identity/index.js';
import { roleSchema } from '../../tenants/index.js';
import { newPasswordSchema } from '../auth.dto.js';
import { signUpSchema } from '../signing-up/signing-up.dto.js';

/** 256 bits as base64url, as the link has them behind `#token=`. */
const tokenSchema = z
  .string()
  .max(43)
  .regex(/^[\w-]{43}$/, 'must be what the link in the mail has behind `#token=`')
  .meta({ examples: ['Zm9yLW9uZS1wZXJzb24tYWxvbmUtb25jZS1hbmQtbm8'] });

export const invitationTokenSchema = z.strictObject({ token: tokenSchema }).meta({ id: 'InvitationToken' });
export type InvitationToken = z.infer<typeof invitationTokenSchema>;

export const acceptWithAccountSchema = z
  .strictObject({
    token: tokenSchema,
    password: newPasswordSchema.describe('of the account that is made, or of the one that is there'),
    name: signUpSchema.shape.name,
    language: signUpSchema.shape.language,
  })
  .meta({ id: 'AcceptWithAccount' });
export type AcceptWithAccount = z.infer<typeof acceptWithAccountSchema>;

/** No more than an invited person needs to decide: neither ids nor the address. */
export const invitationPreviewSchema = z
  .object({ tenantName: z.string(), role: roleSchema, inviterName: z.string() })
  .meta({ id: 'InvitationPreview' });
export type InvitationPreview = z.infer<typeof invitationPreviewSchema>;

export const joinedTenantSchema = z
  .object({
    tenantId: idSchema.describe('sign in with it, or switch to it, to act there'),
    tenantName: z.string(),
    role: roleSchema,
  })
  .meta({ id: 'JoinedTenant' });
export type JoinedTenant = z.infer<typeof joinedTenantSchema>;
