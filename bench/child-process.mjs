// Processes of a bench, spoken to over IPC: each ends with its parent at the latest.
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** Starts a Node module and waits for its first message. */
export async function startModule(path, options = {}) {
  const child = fork(path, options.arguments ?? [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const first = await nextMessage(child);
  return {
    first,
    pid: child.pid,
    /** Sends one message and waits for the answer to it. */
    ask: async (message) => {
      const answer = nextMessage(child);
      child.send(message);
      return answer;
    },
    stop: () => stopProcess(child),
  };
}

async function nextMessage(child) {
  const ended = new AbortController();
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal: ended.signal }),
      once(child, 'exit', { signal: ended.signal }).then(([code, signal]) => {
        throw new Error(`A process of the bench ended by itself (${signal ?? `exit code ${code}`}).`);
      }),
    ]);
    if (message.error) throw new Error(message.error);
    return message;
  } finally {
    ended.abort();
  }
}

const STOP_WITHIN_MS = 15_000;

export async function stopProcess(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (child.connected) child.disconnect();
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(deadline);
}
