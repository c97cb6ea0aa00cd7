// Arauto itself, all in one process, as a child of the demo.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { homeDirectory } from '../run.mjs';

/** A first start makes the database; on a slow disk that takes a while. */
const READY_WITHIN_MS = 180_000;
const STOP_WITHIN_MS = 30_000;
const LAST_LINES = 20;
/** Of what pino logs: errors and worse. */
const ERROR_LEVEL = 50;
const FIRST_ERRORS = 5;

/** Arauto ended although nobody had asked it to. */
export class ArautoDiedError extends Error {
  name = 'ArautoDiedError';
}

/**
 * Starts `node dist/main.js` on free ports with a home of its own, and nothing of the environment's settings: neither
 * a real database nor a real bot must feel the demo.
 *
 * @param {{ home: string, settings: Record<string, string>, settingNames: readonly string[] }} options
 */
export async function startArauto({ home, settings, settingNames }) {
  await mkdir(home, { recursive: true, mode: 0o711 });
  const inherited = Object.entries(process.env).filter(
    ([name]) => !settingNames.includes(name.replace(/_FILE$/, '')),
  );
  const child = spawn(
    process.execPath,
    [
      '--enable-source-maps',
      ...['--import', pathToFileURL(join(homeDirectory, 'scripts/demo/lifeline.mjs')).href],
      join(homeDirectory, 'dist/main.js'),
    ],
    {
      cwd: homeDirectory,
      env: { ...Object.fromEntries(inherited), ...settings, ARAUTO_HOME: home, PORT: '0', SANDBOX_PORT: '0' },
      // A process group of its own: Ctrl-C is for the demo, which then stops Arauto in good order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  return new ArautoProcess(child, join(home, 'arauto.log'));
}

class ArautoProcess {
  #child;
  #lastLines = [];
  #errors = [];
  #hasEnded = false;
  #isStopping = false;
  #announce;

  constructor(child, logFile) {
    this.#child = child;
    this.logFile = logFile;
    const log = createWriteStream(logFile, { mode: 0o600 });
    const announced = new Promise((resolve) => (this.#announce = resolve));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        log.write(`${line}\n`);
        this.#read(line);
      });
    }
    const ended = new Promise((resolve) => {
      child.once('error', (error) => this.#lastLines.push(error.message));
      child.once('close', (code, signal) => {
        log.end();
        this.#hasEnded = true;
        resolve({ code, signal });
      });
    });
    /** How it ended: `{ code, signal }`. */
    this.ended = ended;
    /** Never resolves; rejects when Arauto ends by itself. */
    this.died = ended.then(({ code, signal }) => {
      if (this.#isStopping) return new Promise(() => {});
      throw new ArautoDiedError(
        [
          `Arauto ended by itself (${signal ?? `exit code ${code}`}). Its last lines:`,
          ...this.#lastLines.map((line) => `  ${line}`),
          `All of them are in ${this.logFile}. Mend what they name, then run the demo again; nothing has to be cleaned up.`,
        ].join('\n'),
      );
    });
    // Whoever races against it hears of it; nobody has to.
    this.died.catch(() => {});
    this.announced = announced;
  }

  /** @returns {Promise<{ apiUrl: string, sandboxUrl: string }>} where it listens, once it does */
  async waitUntilReady() {
    let timer;
    const patience = new Promise((_, reject) => {
      timer = setTimeout(
        () =>
          reject(new Error(`Arauto was not ready within ${READY_WITHIN_MS / 1000} s; see ${this.logFile}.`)),
        READY_WITHIN_MS,
      );
      // An interrupted demo doesn't wait for it.
      timer.unref();
    });
    try {
      return await Promise.race([this.announced, this.died, patience]);
    } finally {
      clearTimeout(timer);
    }
  }

  get hasEnded() {
    return this.#hasEnded;
  }

  /** The first errors that it logged, for when something else fails because of them. */
  get errors() {
    return this.#errors;
  }

  /**
   * Lets it finish what it is at, then its database. Asking again changes nothing.
   * @returns {Promise<boolean>} whether it stopped in good order
   */
  async stop() {
    this.#isStopping = true;
    this.#child.kill('SIGTERM');
    let isForced = false;
    const timer = setTimeout(() => {
      isForced = true;
      this.#child.kill('SIGKILL');
    }, STOP_WITHIN_MS);
    const { code } = await this.ended;
    clearTimeout(timer);
    return !isForced && code === 0;
  }

  #read(line) {
    this.#lastLines.push(line);
    if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
    if (!line.startsWith('{')) return;
    try {
      const { level, context, msg, apiUrl, sandboxUrl } = JSON.parse(line);
      if (msg === 'ready') this.#announce({ apiUrl, sandboxUrl });
      if (level >= ERROR_LEVEL && this.#errors.length < FIRST_ERRORS)
        this.#errors.push(context ? `${context}: ${msg}` : msg);
    } catch {
      // Not every line that begins with a brace is JSON; it is in the log all the same.
    }
  }
}
