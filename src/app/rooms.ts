import { AudienceApiModule, AudienceModule, AudienceWorkerModule, Chat, Contact } from '../audience/index.js';
import { AuthApiModule, AuthSchedulerModule } from '../auth/index.js';
import {
  Bot,
  BotsApiModule,
  BotsModule,
  BotsPollerModule,
  BotsSchedulerModule,
  BotsWorkerModule,
} from '../bots/index.js';
import {
  DeliveryApiModule,
  DeliveryModule,
  DeliverySchedulerModule,
  DeliveryWorkerModule,
} from '../delivery/index.js';
import { MenusWorkerModule } from '../menus/index.js';
import { MessagesApiModule, MessagesModule, MessagesSchedulerModule } from '../messages/index.js';
import { SchedulingApiModule, SchedulingModule, SchedulingSchedulerModule } from '../scheduling/index.js';
import { Tenant, TenantsApiModule, TenantsModule } from '../tenants/index.js';
import { type Room } from './app.module.js';
import { OperatingApiModule } from './operating/operating.module.js';

/** Every room that runs, from left to right. */
export const ROOMS: readonly Room[] = [
  { entities: [Tenant], core: [TenantsModule], api: [TenantsApiModule] },
  { api: [AuthApiModule], scheduler: [AuthSchedulerModule] },
  {
    entities: [Bot],
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
  { api: [OperatingApiModule] },
];
