export { type SandboxAccess, signSandboxAccess } from './sandbox-access.rules.js';
export { type SandboxLimits } from './limits/limits.rules.js';
export { type RunningSandbox, type SandboxOptions, startSandbox } from './start-sandbox.js';
