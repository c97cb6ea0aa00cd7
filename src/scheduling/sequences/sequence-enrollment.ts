import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { ConsentWithdrawals, PersonStarts, PersonTraces, type StartedChat } from '../../audience/index.js';
import { announceDueSoon } from '../schedule-bell.js';
import { EnrollmentsRepository } from './enrollments.repository.js';
import { stepDueAt } from './sequence.rules.js';

/** Who presses Start comes into sequences, who writes /stop leaves them, and who is erased is gone from them. */
@Injectable()
export class SequenceEnrollment implements OnModuleInit {
  constructor(
    private readonly enrollments: EnrollmentsRepository,
    private readonly starts: PersonStarts,
    private readonly withdrawals: ConsentWithdrawals,
    private readonly traces: PersonTraces,
  ) {}

  onModuleInit(): void {
    this.starts.register((manager, chat) => this.begin(manager, chat));
    this.withdrawals.register((manager, chatNo) => this.enrollments.leaveAll(manager, chatNo));
    this.traces.register((manager, { chatNos }) => this.enrollments.forget(manager, chatNos));
  }

  private async begin(manager: EntityManager, chat: StartedChat): Promise<void> {
    for (const beginning of await this.enrollments.findBeginning(manager, chat)) {
      const dueAt = stepDueAt(beginning, beginning.now, beginning.time_zone);
      if (await this.enrollments.begin(manager, beginning, dueAt))
        await announceDueSoon(manager, dueAt, beginning.now);
    }
  }
}
