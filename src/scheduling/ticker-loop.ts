import { type Logger } from '@nestjs/common';
import { type DatabaseNotifications } from '../platform/database/index.js';
import { LONGEST_REST_MS, SCHEDULE_BELL } from './schedule-bell.js';

const REST_AFTER_FAILURE_MS = 1_000;
/** Looked at again so soon whether the clocks agree. */
export const REST_WHILE_HELD_MS = 1_000;

/** Passes, one after the other, with rests that the bell ends; a pass that fails is repeated. */
export class TickerLoop {
  private isStopping = false;
  private isListening = false;
  private isRung = false;
  private endRest: () => void = () => undefined;
  private running: Promise<void> = Promise.resolve();

  /** @param pass tells how long there is nothing to do after it, in milliseconds */
  constructor(
    private readonly notifications: DatabaseNotifications,
    private readonly logger: Logger,
    private readonly pass: () => Promise<number>,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** Resolves when the pass that is going on is over. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.endRest();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      this.isRung = false;
      let restMs: number;
      try {
        if (!this.isListening) await this.listen();
        restMs = Math.min(LONGEST_REST_MS, await this.pass());
      } catch (error) {
        this.logger.error(error, 'a pass failed and is repeated');
        restMs = REST_AFTER_FAILURE_MS;
      }
      if (restMs > 0) await this.rest(restMs);
    }
  }

  private readonly hear = (): void => {
    this.isRung = true;
    this.endRest();
  };

  private async listen(): Promise<void> {
    await this.notifications.listen(SCHEDULE_BELL, this.hear);
    this.isListening = true;
  }

  private async rest(ms: number): Promise<void> {
    if (this.isRung || this.isStopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.ceil(ms));
      this.endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endRest = () => undefined;
  }
}
