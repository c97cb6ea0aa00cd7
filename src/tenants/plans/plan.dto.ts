import { z } from 'zod';
import { lineOfTextSchema } from '../../platform/http/index.js';
import { idSchema } from '../../platform/identity/index.js';
import { QUOTAS } from './quota.rules.js';

/** Beyond what any installation holds; sums of it stay exact. */
const LARGEST_LIMIT = 1_000_000_000_000;
const limitSchema = z.int().min(0).max(LARGEST_LIMIT).nullable();
const chosen = limitSchema.exactOptional();

const limitChoiceSchema = z
  .strictObject({
    bots: chosen.describe('connected bots'),
    chats: chosen.describe('chats that bots met; beyond it people are still answered, and broadcasts wait'),
    deliveriesPerDay: chosen.describe('deliveries accepted in a day (UTC)'),
    schedules: chosen.describe('schedules that have not ended'),
    mediaBytes: chosen.describe('bytes of uploaded files'),
    members: chosen.describe('members of the tenant'),
    apiRequestsPerMinute: chosen.describe('requests of the API in a minute'),
  })
  .describe('null for no limit; what is left out keeps its limit, a new plan has none');

const planNameSchema = lineOfTextSchema(60).meta({ examples: ['business'] });
const weightSchema = z
  .int()
  .min(1)
  .max(100)
  .describe(
    'how places in workers are shared while bots wait for them: a tenant of weight 3 gets three times the turns of one of weight 1',
  );
const isDefaultSchema = z
  .literal(true)
  .exactOptional()
  .describe('new tenants get this plan, and no other any more');

export const createPlanSchema = z
  .strictObject({
    name: planNameSchema,
    limits: limitChoiceSchema,
    weight: weightSchema.exactOptional().describe(`${weightSchema.description}; 1 where it is left out`),
    isDefault: isDefaultSchema,
  })
  .meta({
    id: 'CreatePlan',
    examples: [{ name: 'business', limits: { bots: 500, chats: null }, weight: 3 }],
  });
export type CreatePlan = z.infer<typeof createPlanSchema>;

export const changePlanSchema = z
  .strictObject({
    name: planNameSchema.exactOptional(),
    limits: limitChoiceSchema.exactOptional(),
    weight: weightSchema.exactOptional(),
    isDefault: isDefaultSchema,
  })
  .refine((change) => Object.keys(change).length > 0, 'Name at least one field to change.')
  .meta({ id: 'ChangePlan', minProperties: 1, examples: [{ limits: { bots: 1000 } }] });
export type ChangePlan = z.infer<typeof changePlanSchema>;

export const planSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    limits: z.record(z.enum(QUOTAS), z.int().nullable()).describe('null for no limit'),
    weight: weightSchema,
    isDefault: z.boolean().describe('new tenants get it'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Plan' });
export type PlanView = z.infer<typeof planSchema>;
export const planListSchema = z.object({ items: z.array(planSchema) }).meta({ id: 'PlanList' });

export const usageSchema = z
  .object({
    plan: z.object({ id: idSchema, name: z.string(), weight: weightSchema }),
    quotas: z.array(
      z.object({
        name: z.enum(QUOTAS),
        limit: z.int().nullable().describe('null for no limit'),
        used: z
          .int()
          .nullable()
          .describe('chats: at most a minute old; null for what no process of this kind counts'),
        resetsAt: z.iso.datetime().nullable().describe('when the use begins at 0 again; null for what stays'),
      }),
    ),
  })
  .meta({ id: 'Usage' });
export type UsageView = z.infer<typeof usageSchema>;
