import { setTimeout as wait } from 'node:timers/promises';
import { type BotNumber } from '../../platform/identity/index.js';
import { type ClaimedBot } from './polling.repository.js';

/** A bot whose lease this process holds, and where its polling stands. */
export class HeldBot {
  readonly botNo: BotNumber;
  /** First update that wasn't stored yet; 0 asks for whatever Telegram keeps. */
  nextOffset: number;
  /** Telegram has answered "nothing" to the offset: it keeps nothing older. */
  isConfirmed = false;
  /** Telegram knows that the bot is polled. */
  isTold: boolean;
  failures = 0;
  conflicts = 0;
  private readonly dropping = new AbortController();

  constructor(readonly claim: ClaimedBot) {
    this.botNo = claim.botNo;
    this.nextOffset = claim.nextOffset;
    this.isTold = claim.webhookUrl === '';
  }

  get signal(): AbortSignal {
    return this.dropping.signal;
  }

  get isDropped(): boolean {
    return this.dropping.signal.aborted;
  }

  /** Cuts the poll or the pause under way. */
  drop(): void {
    this.dropping.abort();
  }

  /** Resolves early when the bot is dropped. */
  async pause(milliseconds: number): Promise<void> {
    if (milliseconds > 0) await wait(milliseconds, undefined, { signal: this.signal }).catch(() => undefined);
  }
}
