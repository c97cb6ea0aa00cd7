import { z } from 'zod';

const instant = z.iso.datetime().nullable();

export const installationHealthSchema = z
  .object({
    database: z.object({
      version: z.string(),
      connections: z.int().describe('to this database, of all processes'),
    }),
    clocks: z
      .object({
        databaseAheadSeconds: z
          .number()
          .describe('of the clock of the process that answers; below 0 where the database is behind'),
        holding: z
          .array(
            z.object({
              process: z.string().describe('host and process id'),
              databaseAheadSeconds: z.number().describe("of this process's clock"),
            }),
          )
          .describe(
            "processes that hold sending, since the database's clock and theirs are more than a minute apart",
          ),
      })
      .describe('everything is due by the clock of the database'),
    tenants: z.object({ active: z.int(), suspended: z.int() }),
    lanes: z.object({
      driven: z.int().describe('bots whose deliveries a worker is sending now'),
      orphaned: z.int().describe('whose worker died; taken over within seconds where a worker is left'),
    }),
    backlog: z.object({
      broadcasts: z.int().describe('planned or being sent'),
      oldestBroadcastDueAt: instant,
      deliveries: z.int().describe('not settled yet; counted up to 100,000'),
      updates: z.int().describe('received and not worked on yet; counted up to 100,000'),
      oldestUpdateAt: instant.describe('of those counted'),
    }),
  })
  .meta({ id: 'InstallationHealth' });
export type InstallationHealthView = z.infer<typeof installationHealthSchema>;

export const queueCountsSchema = z
  .object({
    items: z.array(
      z.object({
        name: z.string(),
        waiting: z.int(),
        active: z.int(),
        delayed: z.int(),
        failed: z.int(),
      }),
    ),
  })
  .meta({ id: 'QueueCounts' });
export type QueueCountsView = z.infer<typeof queueCountsSchema>;
