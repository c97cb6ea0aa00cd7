// APScheduler with its SQL store on SQLite, as Debian packages them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stopProcess } from '../child-process.mjs';

const PYTHON = '/usr/bin/python3';
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'apscheduler_due.py');

export const isApschedulerPresent = () =>
  spawnSync(PYTHON, ['-c', 'import apscheduler, sqlalchemy']).status === 0;

/** @returns how late its jobs ran, of which `count` are due within `spanMs` while so many wait */
export async function runApscheduler(workload) {
  const folder = mkdtempSync(join(tmpdir(), 'arauto-bench-'));
  const child = spawn(PYTHON, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`APScheduler's process ended by itself (exit code ${code}).`);
  });
  // It also ends when it is told to, and then nobody waits for it.
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    child.stdin.write(`${JSON.stringify({ ...workload, folder })}\n`);
    const { value } = await Promise.race([lines.next(), ended]);
    return JSON.parse(value);
  } finally {
    await stopProcess(child);
    rmSync(folder, { recursive: true, force: true });
  }
}
