import { AudienceApiModule, AudienceModule, AudienceWorkerModule, Chat, Contact } from '../audience/index.js';
import { AuthApiModule } from '../auth/index.js';
import {
  Bot,
  BotsApiModule,
  BotsModule,
  BotsPollerModule,
  BotsSchedulerModule,
  BotsWorkerModule,
} from '../bots/index.js';
import { Global, Module } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type TenantId } from '../platform/identity/index.js';
import {
  type BroadcastRequest,
  BroadcastService,
  DeliveryApiModule,
  DeliveryModule,
  DeliverySchedulerModule,
  DeliveryWorkerModule,
} from '../delivery/index.js';
import { MessagesApiModule, MessagesModule, MessagesSchedulerModule } from '../messages/index.js';
import {
  BroadcastStarter,
  SchedulingApiModule,
  SchedulingModule,
  SchedulingSchedulerModule,
} from '../scheduling/index.js';
import { Tenant, TenantsApiModule, TenantsModule } from '../tenants/index.js';
import { type Room } from './app.module.js';

@Global()
@Module({
  providers: [
    {
      provide: BroadcastStarter,
      inject: [BroadcastService],
      useFactory: (broadcasts: BroadcastService) => ({
        start: async (manager: EntityManager, tenantId: TenantId, request: BroadcastRequest) =>
          (await broadcasts.startInTransaction(manager, tenantId, request)).id,
      }),
    },
  ],
  exports: [BroadcastStarter],
})
class StarterModule {}

/** Every room that runs, from left to right. */
export const ROOMS: readonly Room[] = [
  { entities: [Tenant], core: [TenantsModule], api: [TenantsApiModule] },
  { api: [AuthApiModule] },
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
    core: [StarterModule, SchedulingModule],
    api: [SchedulingApiModule],
    scheduler: [SchedulingSchedulerModule],
  },
];
