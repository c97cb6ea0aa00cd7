export { AuthApiModule } from './auth.module.js';
