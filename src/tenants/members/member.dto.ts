import { z } from 'zod';
import { hasAtMostOneCode, oneCodeAtMost, personProofFields } from '../../platform/access/index.js';
import { pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';
import { roleSchema } from '../tenant.dto.js';

export const memberSchema = z
  .object({
    id: idSchema.describe("the person's id"),
    email: z.string(),
    name: z.string(),
    role: roleSchema,
    joinedAt: z.iso.datetime(),
  })
  .meta({ id: 'Member' });
export type MemberView = z.infer<typeof memberSchema>;
export const memberPageSchema = pageSchemaOf(memberSchema, 'MemberPage');

export const changeMemberSchema = z
  .strictObject({ role: roleSchema })
  .meta({ id: 'ChangeMember', examples: [{ role: 'editor' }] });
export type ChangeMember = z.infer<typeof changeMemberSchema>;

export const transferOwnershipSchema = z
  .strictObject({ userId: idSchema.describe('the member who becomes an owner'), ...personProofFields })
  .refine(hasAtMostOneCode, oneCodeAtMost)
  .meta({ id: 'TransferOwnership' });
export type TransferOwnership = z.infer<typeof transferOwnershipSchema>;
