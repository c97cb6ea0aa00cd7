import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectWakeQueue, WakeQueue } from '../../platform/queue/index.js';
import { InboxRepository, type IncomingUpdate } from './inbox.repository.js';

/** Long enough for neighbours to arrive, too short for anybody to notice. */
const GATHERING_MS = 2;
const LARGEST_GROUP = 500;

interface Arrival {
  readonly update: IncomingUpdate;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Stores updates that arrive one by one in groups: one statement and one commit for all that came meanwhile. */
@Injectable()
export class UpdateIntake {
  private arrivals: Arrival[] = [];
  private isStoring = false;

  constructor(
    private readonly inbox: InboxRepository,
    @InjectWakeQueue('inbox') private readonly wakes: WakeQueue,
  ) {}

  /** Resolves once the update is committed. */
  store(update: IncomingUpdate): Promise<void> {
    return new Promise((resolve, reject) => {
      this.arrivals.push({ update, resolve, reject });
      if (!this.isStoring) void this.storeGroups();
    });
  }

  /** Wakes those who work on the bots' inboxes. */
  wake(botNumbers: readonly string[]): void {
    this.wakes.wakeSoon(botNumbers);
  }

  private async storeGroups(): Promise<void> {
    this.isStoring = true;
    await wait(GATHERING_MS);
    while (this.arrivals.length > 0) {
      const group = this.arrivals.splice(0, LARGEST_GROUP);
      try {
        await this.inbox.store(group.map((arrival) => arrival.update));
        for (const arrival of group) arrival.resolve();
        this.wake([...new Set(group.map((arrival) => arrival.update.botNo))]);
      } catch (error) {
        for (const arrival of group) arrival.reject(error);
      }
    }
    this.isStoring = false;
  }
}
