import { Module } from '@nestjs/common';
import { AudienceModule } from '../audience/index.js';
import { DeliveryModule } from '../delivery/index.js';
import { MessagesModule } from '../messages/index.js';
import { CleaningModule } from '../platform/cleaning/index.js';
import { TenantsModule } from '../tenants/index.js';
import { CalendarFeedsRepository } from './calendar-feeds.repository.js';
import { CalendarController } from './calendar.controller.js';
import { CalendarService } from './calendar.service.js';
import { DueSchedulesRepository } from './due-schedules.repository.js';
import { OccurrenceStarter } from './occurrence-starter.service.js';
import { OccurrencesRepository } from './occurrences.repository.js';
import { PostQueuesRepository } from './post-queues.repository.js';
import { PostsController } from './posts.controller.js';
import { PostsService } from './posts.service.js';
import { QuietHoursController } from './quiet-hours.controller.js';
import { QuietHoursRepository } from './quiet-hours.repository.js';
import { QuietHoursService } from './quiet-hours.service.js';
import { ScheduleBulkController } from './schedule-bulk.controller.js';
import { ScheduleBulkService } from './schedule-bulk.service.js';
import { ScheduleMessages } from './schedule-messages.service.js';
import { ScheduleTicker } from './schedule-ticker.service.js';
import { ScheduleService } from './schedule.service.js';
import { SchedulesController } from './schedules.controller.js';
import { SchedulesRepository } from './schedules.repository.js';
import { StacksController } from './stacks.controller.js';
import { StacksRepository } from './stacks.repository.js';
import { StacksService } from './stacks.service.js';

@Module({
  imports: [AudienceModule, MessagesModule, TenantsModule],
  providers: [
    ScheduleService,
    ScheduleMessages,
    SchedulesRepository,
    StacksRepository,
    OccurrencesRepository,
    QuietHoursRepository,
  ],
  exports: [
    ScheduleService,
    ScheduleMessages,
    SchedulesRepository,
    StacksRepository,
    OccurrencesRepository,
    QuietHoursRepository,
  ],
})
export class SchedulingModule {}

@Module({
  imports: [SchedulingModule, AudienceModule, TenantsModule],
  controllers: [
    ScheduleBulkController,
    SchedulesController,
    StacksController,
    PostsController,
    CalendarController,
    QuietHoursController,
  ],
  providers: [
    CalendarFeedsRepository,
    CalendarService,
    PostQueuesRepository,
    PostsService,
    QuietHoursService,
    ScheduleBulkService,
    StacksService,
  ],
})
export class SchedulingApiModule {}

@Module({
  imports: [
    TenantsModule,
    SchedulingModule,
    DeliveryModule,
    CleaningModule.forRows({
      table: 'occurrences',
      where: `state <> 'waiting' AND created_at < now() - interval '90 days'`,
    }),
  ],
  providers: [DueSchedulesRepository, OccurrenceStarter, ScheduleTicker],
})
export class SchedulingSchedulerModule {}
