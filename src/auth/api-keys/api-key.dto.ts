import { z } from 'zod';
import { ACCESS_SCOPES, accessScopeSchema } from '../../platform/access/index.js';
import { lineOfTextSchema, pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';
import { roleSchema } from '../../tenants/index.js';

export const createApiKeySchema = z
  .strictObject({
    name: lineOfTextSchema(100).describe('what the program is'),
    scopes: z.array(accessScopeSchema).min(1).max(ACCESS_SCOPES.length),
    expiresInDays: z.int().min(1).max(365).optional().describe('without it, the key is good until deleted'),
  })
  .meta({
    id: 'CreateApiKey',
    examples: [{ name: 'Booking system', scopes: ['messages:write', 'broadcasts:write'], expiresInDays: 90 }],
  });
export type CreateApiKey = z.infer<typeof createApiKeySchema>;

export const apiKeySchema = z
  .object({
    id: idSchema,
    name: z.string(),
    scopes: z.array(accessScopeSchema),
    role: roleSchema.describe(
      'that of whoever made the key, when they made it: it does nothing above, nor above their role of now',
    ),
    createdBy: idSchema.describe("the person's id: the key goes when they leave the tenant"),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable().describe('to the minute'),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.infer<typeof apiKeySchema>;
export const apiKeyPageSchema = pageSchemaOf(apiKeySchema, 'ApiKeyPage');

export const createdApiKeySchema = apiKeySchema
  .extend({ key: z.string().describe('for `Authorization: Bearer`; shown now and never again') })
  .meta({ id: 'CreatedApiKey' });
export type CreatedApiKey = z.infer<typeof createdApiKeySchema>;
