import { z } from 'zod';
import { lineOfTextSchema, pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';

/** Long enough to see what a person complains of, short enough not to be forgotten. */
const MOST_MINUTES = 60;

export const openSupportAccessSchema = z
  .strictObject({
    reason: lineOfTextSchema(300)
      .min(3)
      .describe('the tenant reads it, and its audit log keeps it: name no person'),
    minutes: z.int().min(1).max(MOST_MINUTES),
  })
  .meta({
    id: 'OpenSupportAccess',
    examples: [{ reason: 'Ticket 4711: a schedule did not run', minutes: 30 }],
  });
export type OpenSupportAccess = z.infer<typeof openSupportAccessSchema>;

export const supportAccessSchema = z
  .object({
    id: idSchema,
    operatorId: idSchema.describe('the person of the installation who looks in'),
    reason: z.string(),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable().describe('null where nobody ended it before it expired'),
    endedBy: z.enum(['operator', 'member']).nullable(),
  })
  .meta({ id: 'SupportAccess' });
export type SupportAccessView = z.infer<typeof supportAccessSchema>;
export const supportAccessPageSchema = pageSchemaOf(supportAccessSchema, 'SupportAccessPage');

export const openedSupportAccessSchema = supportAccessSchema
  .extend({
    accessToken: z.string().describe('for `Authorization: Bearer`: a viewer in this tenant; shown once'),
  })
  .meta({ id: 'OpenedSupportAccess' });
export type OpenedSupportAccess = z.infer<typeof openedSupportAccessSchema>;
