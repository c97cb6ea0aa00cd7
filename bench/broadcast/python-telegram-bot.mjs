// python-telegram-bot as Debian packages it, in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stopProcess } from '../child-process.mjs';
import { tokenOf } from '../workload.mjs';

const PYTHON = '/usr/bin/python3';
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'python_telegram_bot.py');

/** @returns what sends `messagesPerBot` messages of each bot, and ends it */
export async function startPythonTelegramBot({ apiRoot, botCount, threads }) {
  const child = spawn(PYTHON, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`python-telegram-bot's process ended by itself (exit code ${code}).`);
  });
  // It also ends when it is told to, and then nobody waits for it.
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = (message) => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    return Promise.race([lines.next(), ended]);
  };
  const tokens = Array.from({ length: botCount }, (_, bot) => tokenOf(bot));
  await ask({ apiRoot, threads, tokens });
  return {
    send: (messagesPerBot) => ask({ messagesPerBot }),
    stop: () => stopProcess(child),
  };
}
