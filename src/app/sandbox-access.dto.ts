import { z } from 'zod';

export const sandboxAccessSchema = z
  .object({
    url: z.string().describe('address of the sandbox: its control API is below /sandbox/v1'),
    accessToken: z.string().describe('for `Authorization: Bearer` at the control API'),
    expiresAt: z.iso.datetime(),
    pageUrl: z.string().describe('page on which one can be a person who talks to the bots'),
  })
  .meta({ id: 'SandboxAccess' });
export type SandboxAccessView = z.infer<typeof sandboxAccessSchema>;
