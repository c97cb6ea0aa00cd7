export { type Announcement, Outbox } from './outbox.js';
export {
  WebhooksApiModule,
  WebhooksModule,
  WebhooksSchedulerModule,
  WebhooksWorkerModule,
} from './webhooks.module.js';
