export { type Announcement, Outbox } from './outbox.js';
export { SEALED_WEBHOOK_SECRETS } from './webhook-secrets.js';
export {
  WebhooksApiModule,
  WebhooksModule,
  WebhooksSchedulerModule,
  WebhooksWorkerModule,
} from './webhooks.module.js';
