import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { homeDirectory } from './product.js';

const READY_WITHIN_MS = 60_000;
/** Lines kept of what a process said, to show when it fails. */
const LINES_KEPT = 50;

/** The product as it runs in production: a process of its own, `node dist/main.js`. */
export class ProductProcess {
  private readonly said: string[] = [];
  apiUrl = '';
  sandboxUrl = '';

  private constructor(
    readonly roles: string,
    private readonly child: ChildProcess,
  ) {}

  /** Resolves when the process says that it is ready. */
  static async start(roles: string, environment: Record<string, string>): Promise<ProductProcess> {
    const child = spawn(process.execPath, [join(homeDirectory, 'dist/main.js')], {
      cwd: homeDirectory,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'test',
        PORT: '0',
        API_REQUESTS_PER_MINUTE: '0',
        API_ANONYMOUS_REQUESTS_PER_MINUTE: '0',
        ...environment,
        ARAUTO_ROLES: roles,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = new ProductProcess(roles, child);
    try {
      await started.untilReady();
    } catch (error) {
      await started.end('SIGKILL');
      throw error;
    }
    return started;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  /** @returns the exit code; null where a signal ended it */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'close');
      this.child.kill(signal);
      await ended;
    }
    return this.child.exitCode;
  }

  /** The last it said, for a failure's message. */
  get lastWords(): string {
    return this.said.join('\n');
  }

  private untilReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.roles} did not get ready:\n${this.lastWords}`)),
        READY_WITHIN_MS,
      );
      this.child.once('close', () => {
        clearTimeout(timer);
        reject(new Error(`${this.roles} ended before it was ready:\n${this.lastWords}`));
      });
      const hear = (line: string): void => {
        this.said.push(line);
        if (this.said.length > LINES_KEPT) this.said.shift();
        if (!line.includes('"msg":"ready"')) return;
        const { apiUrl = '', sandboxUrl = '' } = JSON.parse(line) as Partial<ProductProcess>;
        this.apiUrl = apiUrl;
        this.sandboxUrl = sandboxUrl;
        clearTimeout(timer);
        resolve();
      };
      for (const stream of [this.child.stdout!, this.child.stderr!]) {
        createInterface({ input: stream }).on('line', hear);
      }
    });
  }
}
