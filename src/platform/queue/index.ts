export { QueueModule, migrateQueue } from './queue.module.js';
export { InjectWakeQueue, WakeQueue } from './wake-queue.js';
export { WORKER_OPTIONS, WakeProcessor } from './wake-processor.js';
export { QueueHealth } from './queue-health.js';
