export { IS_LEFT } from './broadcast.rules.js';
export { type BroadcastRequest, BroadcastService, type DueRequest } from './broadcast.service.js';
export { followUpChoice, followUpSchema, type FollowUpView, messageChoice } from './broadcast.dto.js';
export { type AskedFollowUps, PIN_WAYS, type PinWay } from './follow-up.rules.js';
export { FollowUps } from './follow-ups.service.js';
export {
  DeliveryApiModule,
  DeliveryModule,
  DeliverySchedulerModule,
  DeliveryWorkerModule,
} from './delivery.module.js';
