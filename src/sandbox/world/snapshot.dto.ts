import { z } from 'zod';

const limits = z.record(z.string(), z.number().nullable());
const latency = z.object({ minimumMs: z.number(), maximumMs: z.number() }).optional();
const texts = z.record(z.string(), z.string());

/** What counts for all workspaces. */
export const worldSnapshotSchema = z.object({
  version: z.literal(2),
  /** Written at an orderly end; otherwise counters may be older than what went out. */
  isClean: z.boolean(),
  counters: z.record(z.string(), z.number()),
});
export type WorldSnapshot = z.infer<typeof worldSnapshotSchema>;

/** What survives a restart: who exists and who knows whom. Messages, updates, files and the ledger do not. */
export const workspaceSnapshotSchema = z.object({
  id: z.string(),
  limits,
  latency,
  isStrict: z.boolean().optional(),
  people: z.array(
    z.object({
      id: z.number(),
      firstName: z.string(),
      lastName: z.string().optional(),
      username: z.string().optional(),
      languageCode: z.string().optional(),
      isDeactivated: z.boolean(),
    }),
  ),
  bots: z.array(
    z.object({
      id: z.number(),
      token: z.string(),
      firstName: z.string(),
      username: z.string(),
      canReadAllGroupMessages: z.boolean(),
      nextUpdateId: z.number(),
      allowedUpdates: z.array(z.string()).optional(),
      profile: z.object({
        names: texts,
        descriptions: texts,
        shortDescriptions: texts,
        commands: z.record(z.string(), z.array(z.unknown())),
        menuButtons: z.record(z.string(), z.unknown()),
      }),
      webhook: z
        .object({ url: z.string(), secretToken: z.string().optional(), maxConnections: z.number() })
        .optional(),
      limits,
      latency,
      /** Person, state, last message id. */
      privateChats: z.array(z.tuple([z.number(), z.enum(['unstarted', 'started', 'blocked']), z.number()])),
    }),
  ),
  groups: z.array(
    z.object({
      chat: z.object({
        id: z.number(),
        type: z.enum(['group', 'supergroup', 'channel']),
        title: z.string().optional(),
        username: z.string().optional(),
      }),
      lastMessageId: z.number(),
      migratedToId: z.number().optional(),
      peopleIds: z.array(z.number()),
      /** Bot and what it is there. */
      seats: z.array(z.tuple([z.number(), z.enum(['member', 'administrator', 'left', 'kicked'])])),
    }),
  ),
});
export type WorkspaceSnapshot = z.infer<typeof workspaceSnapshotSchema>;
