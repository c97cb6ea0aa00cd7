export { isLoopbackAddress, isPublicAddress, unwrapAddress } from './address.rules.js';
export { createEgressAgent, ForbiddenAddressError } from './egress-agent.js';
