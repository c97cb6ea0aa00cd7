export { MenusWorkerModule } from './menus.module.js';
