// The old stack: APScheduler's SQLite store and python-telegram-bot, as Debian packages them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stopProcess } from '../child-process.mjs';
import { tokenOf } from '../workload.mjs';

const PYTHON = '/usr/bin/python3';
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'apscheduler_jobs.py');
const BOT_COUNT = 100;
export const THREADS = 20;
/** Messages a second at no answer time, 10,000 due at once, on two cores: what counts where the peer can't run. */
export const DOCUMENTED_PER_SECOND = 566;

export function isApschedulerPresent() {
  const probe = spawnSync(PYTHON, ['-c', 'import apscheduler, sqlalchemy, telegram.utils.request']);
  return probe.status === 0;
}

/** Lets `jobCount` jobs become due at once. `begin` is called when they do. */
export async function runApscheduler({ apiRoot, jobCount, begin }) {
  const folder = mkdtempSync(join(tmpdir(), 'arauto-bench-'));
  const child = spawn(PYTHON, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`APScheduler's process ended by itself (exit code ${code}).`);
  });
  // It also ends when it is told to, and then nobody waits for it.
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);
  try {
    const tokens = Array.from({ length: BOT_COUNT }, (_, bot) => tokenOf(bot));
    say({ apiRoot, jobCount, folder, threads: THREADS, tokens });
    await Promise.race([lines.next(), ended]);
    await begin();
    say({});
    await Promise.race([lines.next(), ended]);
  } finally {
    await stopProcess(child);
    rmSync(folder, { recursive: true, force: true });
  }
}
