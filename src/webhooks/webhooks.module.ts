import { Global, Module } from '@nestjs/common';
import { CleaningModule } from '../platform/cleaning/index.js';
import { RequestCountsModule } from '../platform/request-counts/index.js';
import { TenantsModule } from '../tenants/index.js';
import { ManualSends } from './manual-sends.service.js';
import { Outbox } from './outbox.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhookSender } from './webhook-sender.service.js';
import { WebhookSendingRepository } from './webhook-sending.repository.js';
import { WebhookWire } from './webhook-wire.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

/** What every process needs: writing down what tenants' own systems are told. */
@Global()
@Module({
  imports: [TenantsModule],
  providers: [Outbox, WebhooksRepository, WebhookSecrets],
  exports: [Outbox, WebhooksRepository, WebhookSecrets],
})
export class WebhooksModule {}

@Module({
  imports: [TenantsModule, RequestCountsModule],
  controllers: [WebhooksController],
  providers: [WebhooksService, ManualSends],
})
export class WebhooksApiModule {}

@Module({ imports: [TenantsModule], providers: [WebhookSender, WebhookSendingRepository, WebhookWire] })
export class WebhooksWorkerModule {}

/** The log of what was sent is kept for 30 days; what waits for a disabled webhook no longer than that. */
@Module({
  imports: [
    CleaningModule.forRows({
      table: 'webhook_deliveries',
      where: `created_at < now() - interval '30 days'`,
    }),
  ],
})
export class WebhooksSchedulerModule {}
