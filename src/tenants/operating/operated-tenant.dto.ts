import { z } from 'zod';
import { lineOfTextSchema, pageQuerySchema, pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';
import { tenantSchema } from '../tenant.dto.js';

/** A tenant as whoever runs the installation sees it: from outside, nothing of its content. */
export const operatedTenantSchema = tenantSchema
  .extend({
    stateReason: z.string().nullable().describe('why it is suspended'),
    stateChangedAt: z.iso.datetime(),
    plan: z.object({ id: idSchema, name: z.string() }),
  })
  .meta({ id: 'OperatedTenant' });
export type OperatedTenantView = z.infer<typeof operatedTenantSchema>;
export const operatedTenantPageSchema = pageSchemaOf(operatedTenantSchema, 'OperatedTenantPage');

export const operatedTenantQuerySchema = pageQuerySchema.extend({
  search: lineOfTextSchema(100).optional().describe('part of the name, or the e-mail address of a member'),
  state: z.enum(['active', 'suspended']).optional(),
  planId: idSchema.optional(),
});
export type OperatedTenantQuery = z.infer<typeof operatedTenantQuerySchema>;

export const choosePlanSchema = z.strictObject({ planId: idSchema }).meta({ id: 'ChoosePlan' });
export type ChoosePlan = z.infer<typeof choosePlanSchema>;

export const suspendTenantSchema = z
  .strictObject({
    reason: lineOfTextSchema(300).describe(
      'for operators and the audit log of the tenant, which keeps it: name no person',
    ),
  })
  .meta({ id: 'SuspendTenant', examples: [{ reason: 'Unpaid since May' }] });
export type SuspendTenant = z.infer<typeof suspendTenantSchema>;
