import { AudienceApiModule, AudienceModule, AudienceWorkerModule, Chat, Contact } from '../audience/index.js';
import { AuthApiModule, AuthSchedulerModule, SEALED_SECOND_FACTORS } from '../auth/index.js';
import {
  Bot,
  BotsApiModule,
  BotsModule,
  BotsPollerModule,
  BotsSchedulerModule,
  BotsWorkerModule,
  SEALED_BOT_TOKENS,
} from '../bots/index.js';
import {
  DeliveryApiModule,
  DeliveryModule,
  DeliverySchedulerModule,
  DeliveryWorkerModule,
} from '../delivery/index.js';
import { MenusWorkerModule } from '../menus/index.js';
import { MessagesApiModule, MessagesModule, MessagesSchedulerModule } from '../messages/index.js';
import { RecordsApiModule, RecordsSchedulerModule, RecordsWorkerModule } from '../records/index.js';
import { SchedulingApiModule, SchedulingModule, SchedulingSchedulerModule } from '../scheduling/index.js';
import { Tenant, TenantsApiModule, TenantsModule, TenantsSchedulerModule } from '../tenants/index.js';
import {
  SEALED_WEBHOOK_SECRETS,
  WebhooksApiModule,
  WebhooksModule,
  WebhooksSchedulerModule,
  WebhooksWorkerModule,
} from '../webhooks/index.js';
import { type Room } from './app.module.js';
import { OperatingApiModule } from './operating/operating.module.js';
import { SandboxAccessApiModule } from './sandbox-access.module.js';

/** Every room that runs, from left to right. */
export const ROOMS: readonly Room[] = [
  {
    entities: [Tenant],
    core: [TenantsModule],
    api: [TenantsApiModule],
    scheduler: [TenantsSchedulerModule],
  },
  {
    sealed: SEALED_WEBHOOK_SECRETS,
    core: [WebhooksModule],
    api: [WebhooksApiModule],
    worker: [WebhooksWorkerModule],
    scheduler: [WebhooksSchedulerModule],
  },
  { sealed: [SEALED_SECOND_FACTORS], api: [AuthApiModule], scheduler: [AuthSchedulerModule] },
  {
    entities: [Bot],
    sealed: [SEALED_BOT_TOKENS],
    core: [BotsModule],
    api: [BotsApiModule],
    worker: [BotsWorkerModule],
    scheduler: [BotsSchedulerModule],
    poller: [BotsPollerModule],
  },
  {
    entities: [Chat, Contact],
    core: [AudienceModule],
    api: [AudienceApiModule],
    worker: [AudienceWorkerModule],
  },
  { core: [MessagesModule], api: [MessagesApiModule], scheduler: [MessagesSchedulerModule] },
  {
    core: [DeliveryModule],
    api: [DeliveryApiModule],
    worker: [DeliveryWorkerModule],
    scheduler: [DeliverySchedulerModule],
  },
  {
    core: [SchedulingModule],
    api: [SchedulingApiModule],
    scheduler: [SchedulingSchedulerModule],
  },
  { worker: [MenusWorkerModule] },
  { api: [RecordsApiModule], worker: [RecordsWorkerModule], scheduler: [RecordsSchedulerModule] },
  { api: [OperatingApiModule, SandboxAccessApiModule] },
];
