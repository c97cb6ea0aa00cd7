// Arauto as it runs in production: every part a process of its own, and one that ends is started anew.
import { randomBytes } from 'node:crypto';
import { RunningProcess } from './running-process.mjs';

const START_ATTEMPTS = 10;

/** Starts processes with the same keys and keeps so many of each role running. */
export class Installation {
  #database;
  #sandbox;
  #environment;
  #starting = new Set();
  #isEnding = false;
  /** @type {Set<RunningProcess>} those that are ready, standing still or not */
  members = new Set();
  /** Ends that nobody caused, and those that were not in good order though they should: there must be none. */
  endedBadly = [];

  /** @param {{ database: import('./database.mjs').ProofDatabase, home: string }} place */
  constructor({ database, home }) {
    const key = () => randomBytes(32).toString('base64');
    this.#database = database;
    this.#environment = {
      PATH: process.env.PATH,
      ARAUTO_HOME: home,
      PORT: '0',
      SANDBOX_PORT: '0',
      // The proof asks more of the API than any one program may.
      API_REQUESTS_PER_MINUTE: '0',
      API_ANONYMOUS_REQUESTS_PER_MINUTE: '0',
      ENCRYPTION_KEY: key(),
      SESSION_KEY: key(),
      SANDBOX_KEY: key(),
    };
    process.once('exit', () => [this.#sandbox, ...this.members].forEach((one) => one?.kill()));
  }

  get sandboxKey() {
    return this.#environment.SANDBOX_KEY;
  }

  /** It stands for Telegram, so it lives through everything; everybody else is told where it is. */
  async startSandbox() {
    this.#sandbox = new RunningProcess('sandbox', { ...this.#environment, ARAUTO_ROLES: 'sandbox' });
    await this.#sandbox.untilReady();
    return this.#sandbox.urls.sandboxUrl;
  }

  /** Of the API that runs now; undefined while none does. */
  get apiUrl() {
    return this.upWith('api')[0]?.urls.apiUrl;
  }

  /** Those of a role that are ready and not standing still. */
  upWith(roles) {
    return [...this.members].filter((one) => one.roles.includes(roles) && !one.isStopped);
  }

  /** Keeps so many processes of a role running until the installation rests. */
  async keep(roles, count, settings = {}) {
    await Promise.all(Array.from({ length: count }, () => this.#keepOne(roles, settings)));
  }

  /** Ends all processes but the sandbox in good order. */
  async rest() {
    this.#isEnding = true;
    await Promise.all(this.#starting);
    const members = [...this.members];
    const codes = await Promise.all(members.map((one) => one.end('SIGTERM')));
    for (const [position, one] of members.entries()) {
      one.closeRelays();
      if (codes[position] !== 0) this.endedBadly.push(`${one.roles}: ${codes[position]}\n${one.lastWords}`);
    }
    this.members.clear();
    this.#isEnding = false;
  }

  async stop() {
    await this.rest();
    await this.#sandbox?.end('SIGTERM');
  }

  #keepOne(roles, settings) {
    const started = this.#launch(roles, settings).finally(() => this.#starting.delete(started));
    this.#starting.add(started);
    return started;
  }

  async #launch(roles, settings) {
    const environment = { ...this.#environment, ...settings, ARAUTO_ROLES: roles };
    for (let attempt = 1; ; attempt += 1) {
      const one = new RunningProcess(roles, environment);
      try {
        await one.untilReady(this.#upstreams());
      } catch (error) {
        // The database may be away just now; whoever supervises processes in production tries again too.
        if (attempt === START_ATTEMPTS) throw error;
        continue;
      }
      this.members.add(one);
      void one.ended.then(() => this.#replace(one, settings));
      return one;
    }
  }

  #replace(one, settings) {
    one.closeRelays();
    if (!this.members.delete(one) || this.#isEnding) return;
    if (!one.isKilled) this.endedBadly.push(`${one.roles}: ${one.lastWords}`);
    this.#keepOne(one.roles, settings).catch((error) => this.endedBadly.push(String(error)));
  }

  #upstreams() {
    return {
      DATABASE_URL: this.#database.urls.app,
      DATABASE_DISPATCHER_URL: this.#database.urls.dispatcher,
      SANDBOX_URL: this.#sandbox.urls.sandboxUrl,
    };
  }
}
