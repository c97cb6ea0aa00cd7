export { type Appointment, OperatorRegistry } from './operators/operator-registry.js';
export { ActorStanding } from './actor-standing.service.js';
export { BrowserAccess } from './browser/browser-access.service.js';
export { AuthApiModule, AuthSchedulerModule } from './auth.module.js';
export { SEALED_SECOND_FACTORS } from './second-factor/second-factor.service.js';
