import { z } from 'zod';
import { pageQuerySchema, pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';

const ACTOR_KINDS = ['member', 'api_key', 'operator', 'schedule', 'system'] as const;

export const auditEntrySchema = z
  .object({
    id: idSchema,
    number: z.int().describe('from 1 on, without gaps'),
    at: z.iso.datetime(),
    actorKind: z.enum(ACTOR_KINDS),
    actorId: idSchema
      .nullable()
      .describe('of the person, key or schedule; null where Arauto acted by itself'),
    action: z.string().meta({ examples: ['bot.connected'] }),
    subjectKind: z.string().nullable(),
    subjectId: idSchema.nullable(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    hash: z
      .string()
      .describe('SHA-256 in hex over the hash of the entry before and this entry; docs/records.md says how'),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntryView = z.output<typeof auditEntrySchema>;
export const auditPageSchema = pageSchemaOf(auditEntrySchema, 'AuditPage');

export const auditQuerySchema = pageQuerySchema.extend({
  action: z
    .string()
    .regex(/^[a-z_]{1,40}\.[a-z_]{1,40}$/, 'must look like bot.connected')
    .optional(),
  actorId: idSchema.optional().describe('a person’s, a key’s or a schedule’s'),
  from: z.iso.datetime({ offset: true }).optional().describe('not before this instant'),
  to: z.iso.datetime({ offset: true }).optional().describe('before this instant'),
});
export type AuditQuery = z.output<typeof auditQuerySchema>;

export const auditVerificationSchema = z
  .object({
    isWhole: z.boolean(),
    entries: z.int().describe('entries that hold, from the first on'),
    brokenAt: z.int().nullable().describe('number of the first entry that does not hold'),
    problem: z.enum(['missing', 'changed']).nullable(),
  })
  .meta({ id: 'AuditVerification' });
export type AuditVerification = z.output<typeof auditVerificationSchema>;
