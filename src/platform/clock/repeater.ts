import { setTimeout as wait } from 'node:timers/promises';
import { type LoggerService } from '@nestjs/common';

/** Does a thing again and again with a pause in between, never twice at once; a failure is logged and not the end. */
export class Repeater {
  private readonly stopping = new AbortController();
  private pause = new AbortController();
  private isCalled = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly pauseMs: number,
    private readonly work: () => Promise<void>,
    private readonly logger: Pick<LoggerService, 'warn'>,
  ) {}

  start(): void {
    this.running ??= this.repeat();
  }

  /** Ends the pause: the next turn begins now, or right after the present one. */
  hurry(): void {
    this.isCalled = true;
    this.pause.abort();
  }

  /** Resolves once the turn under way has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.pause.abort();
    await this.running;
  }

  private async repeat(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.isCalled = false;
      try {
        await this.work();
      } catch (error) {
        this.logger.warn(`will be tried again: ${String(error)}`);
      }
      if (this.isCalled || this.stopping.signal.aborted) continue;
      this.pause = new AbortController();
      await wait(this.pauseMs, undefined, { signal: this.pause.signal }).catch(() => undefined);
    }
  }
}
