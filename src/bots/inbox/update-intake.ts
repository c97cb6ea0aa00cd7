import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { isRefusedData } from '../../platform/database/index.js';
import { type BotNumber } from '../../platform/identity/index.js';
import { withoutLogContext } from '../../platform/logging/index.js';
import { InjectWakeQueue, WakeQueue } from '../../platform/queue/index.js';
import { InboxRepository, type IncomingUpdate } from './inbox.repository.js';
import { UpdateMetrics } from './update-metrics.js';

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
  private readonly logger = new Logger(UpdateIntake.name);
  private arrivals: Arrival[] = [];
  private isStoring = false;

  constructor(
    private readonly inbox: InboxRepository,
    private readonly metrics: UpdateMetrics,
    @InjectWakeQueue('inbox') private readonly wakes: WakeQueue,
  ) {}

  /** Resolves once the update is committed, or given up because PostgreSQL will never take it. */
  store(update: IncomingUpdate): Promise<void> {
    return new Promise((resolve, reject) => {
      this.arrivals.push({ update, resolve, reject });
      if (!this.isStoring) void withoutLogContext(() => this.storeGroups());
    });
  }

  /** Counts what was kept. */
  noteTaken(count: number): void {
    this.metrics.stored.add(count);
  }

  /** Wakes those who work on the bots' inboxes. */
  wake(botNumbers: readonly string[]): void {
    this.wakes.wakeSoon(botNumbers);
  }

  /**
   * An update that PostgreSQL will never take is passed over, and its content stays out of the log. It is taken from
   * Telegram all the same: refused, it would come again and again and hold up all that follow.
   */
  noteRefusal(botNo: BotNumber, updateId: number, error: unknown): void {
    const code = (error as { code: string }).code;
    this.logger.error(`bot number ${botNo}: update ${updateId} can't be kept, PostgreSQL says ${code}`);
  }

  private async storeGroups(): Promise<void> {
    this.isStoring = true;
    await wait(GATHERING_MS);
    while (this.arrivals.length > 0) {
      await this.storeGroup(this.arrivals.splice(0, LARGEST_GROUP));
    }
    this.isStoring = false;
  }

  private async storeGroup(group: readonly Arrival[]): Promise<void> {
    try {
      await this.inbox.store(group.map((arrival) => arrival.update));
      this.noteTaken(group.length);
      for (const arrival of group) arrival.resolve();
      this.wake([...new Set(group.map((arrival) => arrival.update.botNo))]);
    } catch (error) {
      const [refused, ...others] = isRefusedData(error) ? group : [];
      if (!refused) {
        for (const arrival of group) arrival.reject(error);
      } else if (others.length === 0) {
        this.noteRefusal(refused.update.botNo, refused.update.updateId, error);
        refused.resolve();
      } else {
        // One tenant's odd update must not fail its neighbours': halved until it is alone.
        const middle = Math.ceil(group.length / 2);
        await this.storeGroup(group.slice(0, middle));
        await this.storeGroup(group.slice(middle));
      }
    }
  }
}
