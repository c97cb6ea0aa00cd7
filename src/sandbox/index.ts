export { AccessOracle } from './control/index.js';
export {
  SANDBOX_ACCESS_SECONDS,
  type SandboxAccess,
  signSandboxAccess,
  verifySandboxAccess,
} from './sandbox-access.rules.js';
export { LOOPBACK_WEBHOOKS, NO_WEBHOOKS, type WebhookTargetRules } from './webhook/webhook-target.rules.js';
export { type SandboxLimits } from './limits/limits.rules.js';
export { type RunningSandbox, type SandboxOptions, startSandbox } from './start-sandbox.js';
