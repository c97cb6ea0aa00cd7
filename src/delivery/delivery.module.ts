import { Global, Module } from '@nestjs/common';
import { AudienceModule } from '../audience/index.js';
import { AnswerSink, BotsModule } from '../bots/index.js';
import { MessagesModule } from '../messages/index.js';
import { CleaningModule } from '../platform/cleaning/index.js';
import { QueueModule } from '../platform/queue/index.js';
import { TenantsModule } from '../tenants/index.js';
import { BacklogMetrics } from './backlog-metrics.js';
import { BacklogRepository } from './backlog.repository.js';
import { BroadcastChangesController } from './broadcast-changes.controller.js';
import { BroadcastChanges } from './broadcast-changes.service.js';
import { BroadcastControlController } from './broadcast-control.controller.js';
import { BroadcastControl } from './broadcast-control.service.js';
import { BroadcastController } from './broadcast.controller.js';
import { BroadcastProgress } from './broadcast-progress.service.js';
import { BroadcastReportsController } from './broadcast-reports.controller.js';
import { BroadcastReports } from './broadcast-reports.service.js';
import { BroadcastRepository } from './broadcast.repository.js';
import { BroadcastService } from './broadcast.service.js';
import { Contents } from './contents.js';
import { CutLongWaits } from './cut-long-waits.handler.js';
import { ControlRepository } from './control.repository.js';
import { LANES, LANES_PER_JOB, PLANS, PLANS_PER_JOB } from './delivery.queues.js';
import { DeliveryMetrics } from './delivery-metrics.js';
import { DeliveryPartitions } from './delivery-partitions.service.js';
import { FanOut } from './fan-out.service.js';
import { FollowUpStarter } from './follow-up-starter.service.js';
import { FollowUpsRepository } from './follow-ups.repository.js';
import { FollowUps } from './follow-ups.service.js';
import { ForgetPeople } from './forget-people.js';
import { LaneConsequences } from './lane-consequences.js';
import { LaneDriver } from './lane-driver.service.js';
import { OLD_BROADCASTS, OLD_REPLIES } from './old-deliveries.js';
import { FollowTenantState } from './follow-tenant-state.handler.js';
import { OpenDays } from './open-days.js';
import { ReplySink } from './reply-sink.js';
import { ReportRepository } from './report.repository.js';
import { FollowMergedChats } from './follow-merged-chats.js';
import { SkipWhoStopped } from './skip-who-stopped.js';
import { Sweep } from './sweep.service.js';
import { TotalsKeeper } from './totals-keeper.service.js';
import { WakeLaneWhenBotChanges } from './wake-lane-when-bot-changes.handler.js';
import { LaneProcessor, PlanProcessor } from './wake.processors.js';

const queues = [QueueModule.forSubject(LANES, LANES_PER_JOB), QueueModule.forSubject(PLANS, PLANS_PER_JOB)];

/** What every process needs: starting broadcasts and taking answers. */
@Global()
@Module({
  imports: [...queues, AudienceModule, MessagesModule, TenantsModule],
  providers: [
    BroadcastService,
    BroadcastChanges,
    BroadcastReports,
    BroadcastRepository,
    ControlRepository,
    ReportRepository,
    TotalsKeeper,
    OpenDays,
    FanOut,
    FollowUps,
    FollowUpsRepository,
    { provide: AnswerSink, useClass: ReplySink },
    ForgetPeople,
    FollowMergedChats,
    SkipWhoStopped,
    WakeLaneWhenBotChanges,
    FollowTenantState,
  ],
  exports: [
    BroadcastService,
    BroadcastChanges,
    BroadcastReports,
    BroadcastRepository,
    ControlRepository,
    TotalsKeeper,
    OpenDays,
    FanOut,
    FollowUps,
    FollowUpsRepository,
    AnswerSink,
    ...queues,
  ],
})
export class DeliveryModule {}

@Module({
  imports: [DeliveryModule, MessagesModule, TenantsModule],
  controllers: [
    BroadcastController,
    BroadcastControlController,
    BroadcastChangesController,
    BroadcastReportsController,
  ],
  providers: [BroadcastControl],
})
export class DeliveryApiModule {}

@Module({
  imports: [DeliveryModule, BotsModule, AudienceModule, MessagesModule, TenantsModule],
  providers: [
    DeliveryMetrics,
    LaneDriver,
    LaneConsequences,
    BroadcastProgress,
    Contents,
    LaneProcessor,
    PlanProcessor,
  ],
})
export class DeliveryWorkerModule {}

@Module({
  imports: [DeliveryModule, CleaningModule.forRows(OLD_REPLIES, OLD_BROADCASTS)],
  providers: [BacklogMetrics, BacklogRepository, CutLongWaits, DeliveryPartitions, FollowUpStarter, Sweep],
})
export class DeliverySchedulerModule {}
