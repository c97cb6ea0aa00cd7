import { z } from 'zod';
import { lineOfTextSchema } from '../platform/http/index.js';
import { idSchema, TENANT_ROLES } from '../platform/identity/index.js';
import { isTimeZone } from './time-zone.rules.js';

/** Languages that Arauto itself speaks. */
const LANGUAGES = ['en', 'pt-BR', 'es'] as const;
export const languageSchema = z.enum(LANGUAGES);
export type Language = z.infer<typeof languageSchema>;

export const timeZoneSchema = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA time zone such as America/Sao_Paulo')
  .meta({ description: 'IANA time zone', examples: ['America/Sao_Paulo'] });

export const tenantNameSchema = lineOfTextSchema(100).meta({ examples: ['Acme Clinics'] });
export const roleSchema = z.enum(TENANT_ROLES).meta({
  id: 'Role',
  description:
    'what a member may do, each also what those after it may: owner (all members, tenant), admin (bots, API keys, invitations, editors and viewers), editor (messages, schedules, broadcasts, tags), viewer (read)',
});

export const tenantSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    language: languageSchema,
    timeZone: z.string(),
    state: z.enum(['active', 'suspended']),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Tenant' });
export type TenantView = z.infer<typeof tenantSchema>;

export const createTenantSchema = z
  .strictObject({
    name: tenantNameSchema,
    language: languageSchema.default('en'),
    timeZone: timeZoneSchema.default('UTC'),
  })
  .meta({ id: 'CreateTenant' });
export type CreateTenant = z.infer<typeof createTenantSchema>;

export const changeTenantSchema = z
  .strictObject({
    name: tenantNameSchema.exactOptional(),
    language: languageSchema.exactOptional(),
    timeZone: timeZoneSchema.exactOptional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'Name at least one field to change.')
  .meta({
    id: 'ChangeTenant',
    minProperties: 1,
    examples: [{ name: 'Acme Clinics', timeZone: 'America/Sao_Paulo' }],
  });
export type ChangeTenant = z.infer<typeof changeTenantSchema>;
