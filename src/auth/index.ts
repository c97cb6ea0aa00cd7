export { type Appointment, OperatorRegistry } from './operators/operator-registry.js';
export { BrowserAccess } from './browser/browser-access.service.js';
export { AuthApiModule, AuthSchedulerModule } from './auth.module.js';
