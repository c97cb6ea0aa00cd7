import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TelegrafModule } from 'nestjs-telegraf';
import { Configuration } from '../config/index.js';
import { CleaningModule } from '../platform/cleaning/index.js';
import { Clock } from '../platform/clock/index.js';
import { QueueModule } from '../platform/queue/index.js';
import { BotApiClient } from '../telegram/index.js';
import { TenantsModule } from '../tenants/index.js';
import { BotCaller } from './calls/bot-caller.js';
import { BotRest, LaneRest } from './calls/bot-rest.js';
import { BotVerdicts } from './calls/bot-verdicts.js';
import { BotConnections } from './directory/bot-connections.repository.js';
import { BotDirectory } from './directory/bot-directory.js';
import { InboxProcessor } from './inbox/inbox.processor.js';
import { InboxRepository, OLD_UPDATES } from './inbox/inbox.repository.js';
import { InboxSweep } from './inbox/inbox.sweep.js';
import { UpdateIntake } from './inbox/update-intake.js';
import { UpdateMetrics } from './inbox/update-metrics.js';
import { InboxBacklog } from './inbox/inbox-backlog.js';
import { countOutcomes } from './calls/call-metrics.js';
import { Metrics } from '../platform/metrics/index.js';
import { Poller } from './polling/poller.js';
import { PollingRepository } from './polling/polling.repository.js';
import { BotDepartures } from './registration/bot-departures.js';
import { BotProver } from './registration/bot-prover.js';
import { BotsController } from './registration/bots.controller.js';
import { BotsRepository } from './registration/bots.repository.js';
import { BotsService } from './registration/bots.service.js';
import { TokenVault } from './registration/token-vault.js';
import { UpdateRouter } from './routing/update-router.js';
import { WebhookDirectory } from './webhook/webhook-directory.js';
import { WebhookRegistrar } from './webhook/webhook-registrar.js';
import { WebhookSecret } from './webhook/webhook-secret.js';
import { WebhookWatchRepository } from './webhook/webhook-watch.repository.js';
import { WebhookWatch } from './webhook/webhook-watch.js';
import { WebhookRoute } from './webhook/webhook.route.js';

/** Closes the wire after everybody who calls. */
@Injectable()
class BotApiConnections implements OnApplicationShutdown {
  constructor(private readonly client: BotApiClient) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}

/** What every process needs of bots: who they are, and calling Telegram in their name. */
@Global()
@Module({
  imports: [TenantsModule, QueueModule.forSubject('inbox')],
  providers: [
    {
      provide: BotApiClient,
      inject: [Clock, Configuration, Metrics],
      useFactory: (clock: Clock, { settings }: Configuration, metrics: Metrics) =>
        new BotApiClient(clock, {
          connections: settings.TELEGRAM_CONNECTIONS,
          onOutcome: countOutcomes(metrics),
        }),
    },
    { provide: BotRest, useClass: LaneRest },
    BotApiConnections,
    BotCaller,
    BotConnections,
    BotDepartures,
    BotDirectory,
    BotVerdicts,
    InboxRepository,
    TokenVault,
    UpdateIntake,
    UpdateMetrics,
    WebhookRegistrar,
    WebhookSecret,
  ],
  exports: [
    BotApiClient,
    BotCaller,
    BotConnections,
    BotDepartures,
    BotDirectory,
    BotRest,
    BotVerdicts,
    InboxRepository,
    QueueModule,
    TokenVault,
    UpdateIntake,
    UpdateMetrics,
    WebhookRegistrar,
    WebhookSecret,
  ],
})
export class BotsModule {}

/** Bots as tenants manage them, and the address where Telegram posts. */
@Module({
  imports: [TenantsModule],
  controllers: [BotsController],
  providers: [BotProver, BotsRepository, BotsService, WebhookDirectory, WebhookRoute],
})
export class BotsApiModule {}

/** Works through what came in. */
@Module({
  imports: [TelegrafModule.forRoot({ token: 'template', launchOptions: false })],
  providers: [InboxProcessor, UpdateRouter],
})
export class BotsWorkerModule {}

/** Repairs and tidies the inbox. */
@Module({ imports: [CleaningModule.forRows(OLD_UPDATES)], providers: [InboxBacklog, InboxSweep] })
export class BotsSchedulerModule {}

/** Makes updates come in. */
@Module({ providers: [Poller, PollingRepository, WebhookWatch, WebhookWatchRepository] })
export class BotsPollerModule {}
