export { AuthApiModule, AuthSchedulerModule } from './auth.module.js';
