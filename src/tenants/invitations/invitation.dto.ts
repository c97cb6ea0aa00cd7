import { z } from 'zod';
import { emailSchema, pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';
import { roleSchema } from '../tenant.dto.js';

export const createInvitationSchema = z
  .strictObject({ email: emailSchema, role: roleSchema })
  .meta({ id: 'CreateInvitation', examples: [{ email: 'bia@example.org', role: 'editor' }] });
export type CreateInvitation = z.infer<typeof createInvitationSchema>;

export const invitationSchema = z
  .object({
    id: idSchema,
    email: z.string(),
    role: roleSchema,
    invitedBy: idSchema.describe("the inviting person's id"),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().describe('send it again to renew it'),
  })
  .meta({ id: 'Invitation' });
export type InvitationView = z.infer<typeof invitationSchema>;
export const invitationPageSchema = pageSchemaOf(invitationSchema, 'InvitationPage');
