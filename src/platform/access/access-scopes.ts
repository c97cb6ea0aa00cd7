import { z } from 'zod';

/** What a program's API key may be made for, by resource; none includes another. */
export const ACCESS_SCOPES = [
  'tenant:read',
  'sandbox:write',
  'bots:read',
  'bots:write',
  'audience:read',
  'audience:write',
  'messages:read',
  'messages:write',
  'schedules:read',
  'schedules:write',
  'broadcasts:read',
  'broadcasts:write',
] as const;
export const accessScopeSchema = z.enum(ACCESS_SCOPES).meta({
  id: 'AccessScope',
  description:
    'what an API key may do, by resource; none includes another. Files belong to messages, chats, contacts and tags to the audience',
});
export type AccessScope = z.infer<typeof accessScopeSchema>;
