import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../../platform/clock/index.js';
import { type ClockHold, HOLDS_CHANNEL } from '../../platform/clock-watch/index.js';
import { DatabaseNotifications } from '../../platform/database/index.js';

/** Some looks at the clock: who told of a hold that long ago and no more holds no longer, or is gone. */
const BELIEVED_MS = 10_000;

/** Which processes of the installation hold sending, as they tell of it again and again. */
@Injectable()
export class ClockHolds implements OnApplicationBootstrap {
  private readonly heard = new Map<string, { readonly hold: ClockHold; readonly atMs: number }>();

  constructor(
    private readonly notifications: DatabaseNotifications,
    private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.notifications.listen(HOLDS_CHANNEL, (payload) => {
      const hold = JSON.parse(payload) as ClockHold;
      this.heard.set(hold.process, { hold, atMs: this.clock.monotonicMs() });
    });
  }

  list(): ClockHold[] {
    const nowMs = this.clock.monotonicMs();
    for (const [process, { atMs }] of this.heard) {
      if (nowMs - atMs > BELIEVED_MS) this.heard.delete(process);
    }
    return [...this.heard.values()].map(({ hold }) => hold);
  }
}
