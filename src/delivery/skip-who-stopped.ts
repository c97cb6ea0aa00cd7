import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConsentWithdrawals } from '../audience/index.js';
import { ControlRepository } from './control.repository.js';

/** With /stop everything that waits for the chat is passed over, also what a lane has read ahead: its intent is refused. */
@Injectable()
export class SkipWhoStopped implements OnModuleInit {
  constructor(
    private readonly withdrawals: ConsentWithdrawals,
    private readonly control: ControlRepository,
  ) {}

  onModuleInit(): void {
    this.withdrawals.register((manager, chatNo) =>
      this.control.skipQueuedTo(manager, chatNo, 'chat_stopped'),
    );
  }
}
