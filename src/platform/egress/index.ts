export { isLoopbackAddress, isPublicAddress, unwrapAddress } from './address.rules.js';
export { createEgressAgent } from './egress-agent.js';
export { readUrl } from './read-url.rules.js';
