import { z } from 'zod';
import { idSchema } from '../platform/identity/index.js';
import { QUIET_POLICIES } from './rules/quiet-hours.rules.js';
import { withinSchema } from './schedule-rule.dto.js';

const policy = z
  .enum(QUIET_POLICIES)
  .describe('hold: what is due starts when they end, of each schedule the last run; skip: it does not start');

export const setQuietHoursSchema = z.strictObject({ hours: withinSchema, policy }).meta({
  id: 'SetQuietHours',
  examples: [{ hours: { from: '22:00', to: '08:00' }, policy: 'hold' }],
});
export type SetQuietHours = z.output<typeof setQuietHoursSchema>;

export const quietHoursSchema = z
  .object({
    botId: idSchema.nullable().describe('null for the hours of the whole tenant'),
    hours: withinSchema.describe("on the clocks of the tenant's zone"),
    policy,
  })
  .meta({ id: 'QuietHours' });
export type QuietHoursView = z.output<typeof quietHoursSchema>;

export const quietHoursListSchema = z
  .object({ items: z.array(quietHoursSchema) })
  .meta({ id: 'QuietHoursList' });
export type QuietHoursList = z.output<typeof quietHoursListSchema>;
