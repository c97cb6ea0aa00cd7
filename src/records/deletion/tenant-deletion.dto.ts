import { z } from 'zod';
import { hasAtMostOneCode, oneCodeAtMost, personProofFields } from '../../platform/access/index.js';
import { tenantNameSchema } from '../../tenants/index.js';

export const requestDeletionSchema = z
  .strictObject({
    tenantName: tenantNameSchema.describe('the name of the tenant, typed once more'),
    ...personProofFields,
  })
  .refine(hasAtMostOneCode, oneCodeAtMost)
  .meta({
    id: 'RequestDeletion',
    examples: [{ tenantName: 'Acme Clinics', password: 'correct horse battery' }],
  });
export type RequestDeletion = z.output<typeof requestDeletionSchema>;

export const tenantDeletionSchema = z
  .object({
    dueAt: z.iso.datetime().describe('from then on nothing can be brought back'),
    restoreToken: z
      .string()
      .describe('calls it off until then (POST /tenant/restoration); also mailed to all owners'),
  })
  .meta({ id: 'TenantDeletion' });
export type TenantDeletionView = z.output<typeof tenantDeletionSchema>;

export const restoreTenantSchema = z
  .strictObject({
    restoreToken: z
      .string()
      .max(100)
      .regex(/^[\w-]{43}$/, 'must be the token of the mail'),
  })
  .meta({ id: 'RestoreTenant', examples: [{ restoreToken: 'as the mail has it' }] });
export type RestoreTenant = z.output<typeof restoreTenantSchema>;
