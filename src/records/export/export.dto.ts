import { z } from 'zod';
import { hasAtMostOneCode, oneCodeAtMost, personProofFields } from '../../platform/access/index.js';
import { pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';

export const requestExportSchema = z
  .strictObject(personProofFields)
  .refine(hasAtMostOneCode, oneCodeAtMost)
  .meta({ id: 'RequestExport', examples: [{ password: 'correct horse battery' }] });
export type RequestExport = z.output<typeof requestExportSchema>;

export const exportSchema = z
  .object({
    id: idSchema,
    state: z.enum(['waiting', 'building', 'ready', 'failed']),
    sizeBytes: z.int().nullable().describe('once it is ready'),
    createdAt: z.iso.datetime(),
    readyAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().describe('from then on the archive is gone'),
  })
  .meta({ id: 'Export' });
export type ExportView = z.output<typeof exportSchema>;
export const exportPageSchema = pageSchemaOf(exportSchema, 'ExportPage');
