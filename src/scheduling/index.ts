export { type BroadcastRequest, BroadcastStarter } from './broadcast-starter.js';
export { type ScheduleRule, scheduleRuleSchema } from './schedule-rule.dto.js';
export { ScheduleService } from './schedule.service.js';
export { SchedulingApiModule, SchedulingModule, SchedulingSchedulerModule } from './scheduling.module.js';
