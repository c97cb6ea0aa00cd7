import { Module } from '@nestjs/common';
import { AudienceModule } from '../audience/index.js';
import { DeliveryModule } from '../delivery/index.js';
import { MessagesModule } from '../messages/index.js';
import { CleaningModule } from '../platform/cleaning/index.js';
import { TenantsModule } from '../tenants/index.js';
import { ApprovalSettingController } from './approval-setting.controller.js';
import { CalendarFeedsRepository } from './calendar-feeds.repository.js';
import { CalendarController } from './calendar.controller.js';
import { CalendarService } from './calendar.service.js';
import { DueSchedulesRepository } from './due-schedules.repository.js';
import { OccurrenceStarter } from './occurrence-starter.service.js';
import { OccurrenceSweep } from './occurrence-sweep.service.js';
import { OccurrencesRepository } from './occurrences.repository.js';
import { PostQueuesRepository } from './post-queues.repository.js';
import { PostsController } from './posts.controller.js';
import { PostsService } from './posts.service.js';
import { QuietHoursController } from './quiet-hours.controller.js';
import { QuietHoursRepository } from './quiet-hours.repository.js';
import { QuietHoursService } from './quiet-hours.service.js';
import { ScheduleApprovalController } from './schedule-approval.controller.js';
import { ScheduleApproval } from './schedule-approval.service.js';
import { ScheduleBulkController } from './schedule-bulk.controller.js';
import { ScheduleBulkService } from './schedule-bulk.service.js';
import { ScheduleCreation } from './schedule-creation.service.js';
import { ScheduleMessages } from './schedule-messages.service.js';
import { ScheduleTicker } from './schedule-ticker.service.js';
import { ScheduleService } from './schedule.service.js';
import { SchedulesController } from './schedules.controller.js';
import { SchedulesRepository } from './schedules.repository.js';
import { DueSequencesRepository } from './sequences/due-sequences.repository.js';
import { EnrollmentsRepository } from './sequences/enrollments.repository.js';
import { SequenceEnrollment } from './sequences/sequence-enrollment.js';
import { SequenceTicker } from './sequences/sequence-ticker.service.js';
import { SequenceService } from './sequences/sequence.service.js';
import { SequencesController } from './sequences/sequences.controller.js';
import { SequencesRepository } from './sequences/sequences.repository.js';
import { StepStarter } from './sequences/step-starter.service.js';
import { TravellersRepository } from './sequences/travellers.repository.js';
import { StacksController } from './stacks.controller.js';
import { StacksRepository } from './stacks.repository.js';
import { StacksService } from './stacks.service.js';

@Module({
  imports: [AudienceModule, MessagesModule, TenantsModule],
  providers: [
    ScheduleApproval,
    ScheduleCreation,
    ScheduleService,
    ScheduleMessages,
    SchedulesRepository,
    StacksRepository,
    OccurrencesRepository,
    QuietHoursRepository,
    SequencesRepository,
    EnrollmentsRepository,
    SequenceEnrollment,
  ],
  exports: [
    ScheduleApproval,
    ScheduleCreation,
    ScheduleService,
    ScheduleMessages,
    SchedulesRepository,
    StacksRepository,
    OccurrencesRepository,
    QuietHoursRepository,
    SequencesRepository,
    EnrollmentsRepository,
  ],
})
export class SchedulingModule {}

@Module({
  imports: [SchedulingModule, TenantsModule, AudienceModule, MessagesModule],
  controllers: [
    ScheduleBulkController,
    SchedulesController,
    StacksController,
    PostsController,
    CalendarController,
    QuietHoursController,
    SequencesController,
    ScheduleApprovalController,
    ApprovalSettingController,
  ],
  providers: [
    CalendarFeedsRepository,
    CalendarService,
    PostQueuesRepository,
    PostsService,
    QuietHoursService,
    ScheduleBulkService,
    SequenceService,
    StacksService,
  ],
})
export class SchedulingApiModule {}

@Module({
  imports: [
    TenantsModule,
    SchedulingModule,
    DeliveryModule,
    CleaningModule.forRows(
      {
        table: 'occurrences',
        where: `state <> 'waiting' AND created_at < now() - interval '90 days'`,
      },
      { table: 'step_runs', where: `created_at < now() - interval '90 days'` },
    ),
  ],
  providers: [
    DueSchedulesRepository,
    OccurrenceStarter,
    OccurrenceSweep,
    ScheduleTicker,
    DueSequencesRepository,
    TravellersRepository,
    StepStarter,
    SequenceTicker,
  ],
})
export class SchedulingSchedulerModule {}
