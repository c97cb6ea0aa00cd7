import { z } from 'zod';

/** As long as the installation keeps deliveries; no tenant keeps them longer. */
export const LONGEST_RETENTION_DAYS = 90;

export const retentionSchema = z
  .strictObject({
    days: z
      .int()
      .min(1)
      .max(LONGEST_RETENTION_DAYS)
      .describe(
        'how long deliveries are kept, and what became of due times; where it is fewer than 90, broadcasts leave with them, else their totals stay for two years',
      ),
  })
  .meta({ id: 'Retention', examples: [{ days: 30 }] });
export type Retention = z.output<typeof retentionSchema>;
