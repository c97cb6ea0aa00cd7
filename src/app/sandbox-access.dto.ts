import { z } from 'zod';

export const sandboxAccessSchema = z
  .object({
    url: z.string().describe('address of the sandbox: its control API is below /sandbox/v1'),
    accessToken: z.string().describe('for `Authorization: Bearer` at the control API'),
    expiresAt: z.iso.datetime(),
    pageUrl: z.string().describe('page on which one can be a person who talks to the bots'),
  })
  .meta({ id: 'SandboxAccess' });
/** The longest token that the sandbox looks at. */
const TOKEN_LENGTH_MAXIMUM = 1024;
export const askSandboxAccessSchema = z
  .strictObject({
    accessToken: z
      .string()
      .max(TOKEN_LENGTH_MAXIMUM)
      .regex(/^[\w-]+\.[\w-]+$/, 'must be a token as POST /sandbox/access gives it'),
  })
  .meta({ id: 'AskSandboxAccess' });
export type AskSandboxAccess = z.infer<typeof askSandboxAccessSchema>;

export const sandboxAccessStandingSchema = z
  .object({ isStanding: z.boolean().describe('whether the token still opens its workspace') })
  .meta({ id: 'SandboxAccessStanding' });
export type SandboxAccessStanding = z.infer<typeof sandboxAccessStandingSchema>;

export type SandboxAccessView = z.infer<typeof sandboxAccessSchema>;
