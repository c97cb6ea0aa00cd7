import { Module } from '@nestjs/common';
import { AudienceModule } from '../audience/index.js';
import { DeliveryModule } from '../delivery/index.js';
import { MessagesModule } from '../messages/index.js';
import { CleaningModule } from '../platform/cleaning/index.js';
import { TenantsModule } from '../tenants/index.js';
import { DueSchedulesRepository } from './due-schedules.repository.js';
import { OccurrenceStarter } from './occurrence-starter.service.js';
import { OccurrencesRepository } from './occurrences.repository.js';
import { ScheduleTicker } from './schedule-ticker.service.js';
import { ScheduleService } from './schedule.service.js';
import { SchedulesController } from './schedules.controller.js';
import { SchedulesRepository } from './schedules.repository.js';

@Module({
  imports: [TenantsModule, AudienceModule, MessagesModule],
  providers: [ScheduleService, SchedulesRepository, OccurrencesRepository],
  exports: [ScheduleService, OccurrencesRepository],
})
export class SchedulingModule {}

@Module({ imports: [SchedulingModule], controllers: [SchedulesController] })
export class SchedulingApiModule {}

@Module({
  imports: [
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
