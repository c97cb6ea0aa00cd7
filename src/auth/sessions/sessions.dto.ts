import { z } from 'zod';
import { pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';

export const sessionPathSchema = z.strictObject({ id: idSchema });
export type SessionPath = z.infer<typeof sessionPathSchema>;

export const sessionSchema = z
  .object({
    id: idSchema,
    tenant: z.object({ id: idSchema, name: z.string() }).describe('the one tenant that it acts in'),
    userAgent: z.string().nullable().describe('what the browser or program called itself'),
    createdAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime().describe('when it was opened or last refreshed'),
    isCurrent: z.boolean().describe('the session that asks'),
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof sessionSchema>;
export const sessionPageSchema = pageSchemaOf(sessionSchema, 'SessionPage');
