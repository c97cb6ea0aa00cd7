import { type Caller } from '../../platform/identity/index.js';
import { networkOf } from '../guessing/guessing.rules.js';

/**
 * What a request counts for: within a tenant, a person in all their sessions, or a program's key; without a valid one,
 * the network that it comes from. People of one office don't use up each other's requests once they signed in.
 */
export function requestKeyOf(caller: Caller | undefined, address: string): string {
  if (!caller) return `network/${networkOf(address)}`;
  const { tenantId, actor } = caller;
  return actor.kind === 'api_key'
    ? `tenant/${tenantId}/api-key/${actor.apiKeyId}`
    : `tenant/${tenantId}/person/${actor.userId}`;
}
