// Arauto as it runs in production: every part a process of its own, on one durable database.
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { homeDirectory } from '../../scripts/run.mjs';

const READY_WITHIN_MS = 60_000;
const LAST_LINES = 20;

/** Starts processes with the same keys, and ends what is left of them with its own. */
export class Installation {
  #environment;
  #running = new Set();

  /** @param {{ databaseUrls: { app: string, dispatcher: string }, home: string }} place */
  constructor({ databaseUrls, home }) {
    const key = () => randomBytes(32).toString('base64');
    this.#environment = {
      PATH: process.env.PATH,
      ARAUTO_HOME: home,
      PORT: '0',
      SANDBOX_PORT: '0',
      // Setting up asks more of the API than any one program may.
      API_REQUESTS_PER_MINUTE: '0',
      API_ANONYMOUS_REQUESTS_PER_MINUTE: '0',
      DATABASE_URL: databaseUrls.app,
      DATABASE_DISPATCHER_URL: databaseUrls.dispatcher,
      ENCRYPTION_KEY: key(),
      SESSION_KEY: key(),
      SANDBOX_KEY: key(),
    };
    process.once('exit', () => this.#running.forEach((one) => one.kill()));
  }

  /** The sandbox comes first: everybody else is told where it is. */
  async startSandbox() {
    const { sandboxUrl } = await this.start('sandbox');
    this.#environment.SANDBOX_URL = sandboxUrl;
    return sandboxUrl;
  }

  async start(roles, settings = {}) {
    const started = new RunningProcess(roles, { ...this.#environment, ...settings, ARAUTO_ROLES: roles });
    this.#running.add(started);
    await started.untilReady();
    return started;
  }

  async stop() {
    await Promise.all([...this.#running].map((one) => one.end('SIGTERM')));
  }
}

class RunningProcess {
  #roles;
  #child;
  #lastLines = [];

  constructor(roles, environment) {
    this.#roles = roles;
    this.#child = spawn(process.execPath, ['dist/main.js'], {
      cwd: homeDirectory,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async untilReady() {
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), READY_WITHIN_MS);
    try {
      await new Promise((resolve, reject) => {
        this.#child.once('close', () =>
          reject(new Error(`${this.#roles} ended before it was ready:\n${this.#lastLines.join('\n')}`)),
        );
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
          createInterface({ input: stream }).on('line', (line) => {
            this.#lastLines.push(line);
            if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
            if (!line.includes('"msg":"ready"')) return;
            Object.assign(this, JSON.parse(line));
            resolve();
          });
        }
      });
    } finally {
      clearTimeout(deadline);
    }
  }

  signal(signal) {
    this.#child.kill(signal);
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  /** @returns the exit code; null where a signal ended it */
  async end(signal) {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'close');
      this.#child.kill(signal);
      // A process that was stopped hears nothing else before this.
      this.#child.kill('SIGCONT');
      await ended;
    }
    return this.#child.exitCode;
  }
}
