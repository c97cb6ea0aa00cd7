import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, type LoggerService, type OnModuleDestroy } from '@nestjs/common';

/**
 * Work that nobody waits for, such as a mail after a commit. It is lost with its process, so nothing that was promised
 * belongs here; an orderly stop waits for what has begun and shortens its pauses.
 */
@Injectable()
export class BackgroundWork implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly underWay = new Set<Promise<void>>();

  /** Begins at once; a failure is logged by its kind alone, since its text may have what people wrote. */
  begin(work: () => Promise<void>, logger: Pick<LoggerService, 'warn'>, what: string): void {
    const running: Promise<void> = work()
      .catch((error: unknown) => {
        logger.warn(`${what} failed: ${kindOf(error)}`);
      })
      .finally(() => this.underWay.delete(running));
    this.underWay.add(running);
  }

  /** @returns false when the process stops before the time is over */
  async pause(milliseconds: number): Promise<boolean> {
    const { signal } = this.stopping;
    await wait(milliseconds, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }
}

function kindOf(error: unknown): string {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return [name, code].filter((part) => typeof part === 'string').join(' ') || 'what was thrown is no error';
}
