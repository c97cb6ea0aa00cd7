import { z } from 'zod';

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Tenant's id (UUID). Branded: a bare string doesn't compile where a tenant is meant. */
export type TenantId = Branded<string, 'TenantId'>;
export type UserId = Branded<string, 'UserId'>;
export type BotId = Branded<string, 'BotId'>;
/** Number of a bot inside this installation: compact key of lanes, deliveries and the inbox. Never leaves the API. */
export type BotNumber = Branded<string, 'BotNumber'>;

/** For ids that come from the database or from a token that was verified. */
export const asTenantId = (id: string): TenantId => id as TenantId;
export const asUserId = (id: string): UserId => id as UserId;
export const asBotId = (id: string): BotId => id as BotId;
export const asBotNumber = (number: string): BotNumber => number as BotNumber;

export const idSchema = z.uuid({ error: 'must be an id as the API returned it (UUID)' });

/** Who acts: a member by their session, a program by its API key, an operator who was given a reason to look in. */
export type Actor =
  | { readonly kind: 'member'; readonly userId: UserId; readonly sessionId: string }
  | { readonly kind: 'api_key'; readonly apiKeyId: string }
  | { readonly kind: 'operator'; readonly userId: UserId; readonly supportAccessId: string };

/** Who is calling: proven, and acting in exactly one tenant. */
export interface Caller {
  readonly tenantId: TenantId;
  readonly actor: Actor;
  readonly role: TenantRole;
}

/** A person at their own session: what concerns accounts and members is not for programs, nor for operators. */
export interface MemberCaller extends Caller {
  readonly actor: Extract<Actor, { kind: 'member' }>;
}

/** Whoever runs the installation, at their own session: acts on tenants from outside and in none of them. */
export interface OperatorCaller {
  readonly userId: UserId;
  readonly sessionId: string;
}

/** From most to least allowed; each may do what those after it may. */
export const TENANT_ROLES = ['owner', 'admin', 'editor', 'viewer'] as const;
export type TenantRole = (typeof TENANT_ROLES)[number];

export function isAtLeast(role: TenantRole, needed: TenantRole): boolean {
  return TENANT_ROLES.indexOf(role) <= TENANT_ROLES.indexOf(needed);
}
