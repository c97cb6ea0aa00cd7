import { getQueueToken } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { type Queue } from 'bullmq';
import { AuthApiModule } from '../../auth/index.js';
import { ClockHolds } from './clock-holds.js';
import { InstallationHealthController } from './installation-health.controller.js';
import { InstallationHealthRepository } from './installation-health.repository.js';
import { QueueBoard } from './queue-board.js';
import { QUEUE_NAMES, Queues } from './queues.js';

/** What whoever runs the installation sees of it as a whole. */
@Module({
  imports: [AuthApiModule],
  controllers: [InstallationHealthController],
  providers: [
    ClockHolds,
    InstallationHealthRepository,
    QueueBoard,
    {
      provide: Queues,
      inject: QUEUE_NAMES.map((name) => getQueueToken(name)),
      useFactory: (...queues: Queue[]) => new Queues(queues),
    },
  ],
})
export class OperatingApiModule {}
