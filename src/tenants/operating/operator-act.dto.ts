import { z } from 'zod';
import { pageSchemaOf } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';

export const operatorActSchema = z
  .object({
    id: idSchema,
    at: z.iso.datetime(),
    operatorId: idSchema.describe('of the person'),
    action: z.string().meta({ examples: ['plan.changed'] }),
    subjectKind: z.string(),
    subjectId: idSchema,
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({ id: 'OperatorAct' });
export type OperatorActView = z.output<typeof operatorActSchema>;
export const operatorActPageSchema = pageSchemaOf(operatorActSchema, 'OperatorActPage');
