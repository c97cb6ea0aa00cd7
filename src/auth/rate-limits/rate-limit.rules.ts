import { type Caller, type OperatorCaller } from '../../platform/identity/index.js';
import { networkOf } from '../guessing/guessing.rules.js';

/**
 * What a request counts for: within a tenant, a person in all their sessions, or a program's key; an operator, wherever
 * they look; without any of these, the network that it comes from. People of one office don't use up each other's
 * requests once they signed in.
 */
export function requestKeyOf(caller: Caller | OperatorCaller | undefined, address: string): string {
  if (!caller) return `network/${networkOf(address)}`;
  if (!('tenantId' in caller)) return `operator/${caller.userId}`;
  const { tenantId, actor } = caller;
  switch (actor.kind) {
    case 'api_key':
      return `tenant/${tenantId}/api-key/${actor.apiKeyId}`;
    case 'member':
      return `tenant/${tenantId}/person/${actor.userId}`;
    case 'operator':
      return `operator/${actor.userId}`;
  }
}

/** What all requests of a tenant's people and programs count for; an operator's look uses up nothing of the tenant's. */
export function tenantKeyOf({ tenantId, actor }: Caller): string | undefined {
  return actor.kind === 'operator' ? undefined : `tenant/${tenantId}`;
}
