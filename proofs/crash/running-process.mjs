// One process of Arauto, with a relay of its own before PostgreSQL and one before the Bot API.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { homeDirectory } from '../../scripts/run.mjs';
import { Relay } from './relay.mjs';

const READY_WITHIN_MS = 60_000;
const LAST_LINES = 60;
const OWNER = /"msg":"drives lanes as (\d+)"/;

export class RunningProcess {
  #environment;
  #child;
  #lines = [];
  /** @type {{ database?: Relay, botApi?: Relay }} */
  relays = {};
  /** What it said to be ready at. */
  urls = {};
  /** The number under which it drives lanes now; another one once its lease was over. */
  owner;
  isStopped = false;
  isKilled = false;
  /** Resolves once it has ended. */
  ended;

  constructor(roles, environment) {
    this.roles = roles;
    this.#environment = environment;
  }

  /** @param {Record<string, string>} upstreams settings that name servers, reached by relays */
  async untilReady(upstreams = {}) {
    const { DATABASE_URL: database, SANDBOX_URL: sandbox } = upstreams;
    if (database) this.relays.database = await Relay.open(Number(new URL(database).port));
    if (sandbox) this.relays.botApi = await Relay.open(Number(new URL(sandbox).port));
    const relayed = Object.entries(upstreams).map(([name, address]) => [
      name,
      this.relays[name === 'SANDBOX_URL' ? 'botApi' : 'database'].lead(address),
    ]);
    this.#child = spawn(process.execPath, ['dist/main.js'], {
      cwd: homeDirectory,
      env: { ...this.#environment, ...Object.fromEntries(relayed) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = once(this.#child, 'close');
    const deadline = setTimeout(() => this.kill(), READY_WITHIN_MS);
    try {
      await new Promise((resolve, reject) => {
        void this.ended.then(() =>
          reject(new Error(`${this.roles} ended before it was ready:\n${this.lastWords}`)),
        );
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
          createInterface({ input: stream }).on('line', (line) => this.#hear(line, resolve));
        }
      });
    } catch (error) {
      this.closeRelays();
      throw error;
    } finally {
      clearTimeout(deadline);
    }
  }

  get pid() {
    return this.#child.pid;
  }

  get lastWords() {
    return this.#lines.join('\n');
  }

  kill() {
    this.isKilled = true;
    this.#child?.kill('SIGKILL');
  }

  standStill() {
    this.isStopped = true;
    this.#child.kill('SIGSTOP');
  }

  wake() {
    this.#child.kill('SIGCONT');
    this.isStopped = false;
  }

  /** @returns the exit code; null where a signal ended it */
  async end(signal) {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
      // A process that stands still hears nothing else before this.
      this.#child.kill('SIGCONT');
      await this.ended;
    }
    return this.#child.exitCode;
  }

  closeRelays() {
    for (const relay of Object.values(this.relays)) relay.close();
  }

  #hear(line, getReady) {
    this.#lines.push(line);
    if (this.#lines.length > LAST_LINES) this.#lines.shift();
    this.owner = OWNER.exec(line)?.[1] ?? this.owner;
    if (!line.includes('"msg":"ready"')) return;
    this.urls = JSON.parse(line);
    getReady();
  }
}
