export { IS_LEFT } from './broadcast.rules.js';
export { type BroadcastRequest, BroadcastService } from './broadcast.service.js';
export { messageChoice } from './broadcast.dto.js';
export {
  DeliveryApiModule,
  DeliveryModule,
  DeliverySchedulerModule,
  DeliveryWorkerModule,
} from './delivery.module.js';
