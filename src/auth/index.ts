export { AuthApiModule, AuthSchedulerModule } from './auth.module.js';
export { SEALED_SECOND_FACTORS } from './second-factor/second-factor.service.js';
