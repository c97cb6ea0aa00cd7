export { type Appointment, OperatorRegistry } from './operators/operator-registry.js';
export { AuthApiModule, AuthSchedulerModule } from './auth.module.js';
