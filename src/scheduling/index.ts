export { SchedulingApiModule, SchedulingModule, SchedulingSchedulerModule } from './scheduling.module.js';
