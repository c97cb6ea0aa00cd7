// A Redis for the tests, where the host has one.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const PORT_ATTEMPTS = 5;
const READY_WITHIN_MS = 10_000;
const POLL_MS = 20;

/** Starts `redis-server` on a free port, keeping nothing. Undefined when the host has none. */
export async function startRedis() {
  if (spawnSync('redis-server', ['--version']).error) return undefined;
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt += 1) {
    const redis = await launch(await findFreePort());
    if (redis) return redis;
  }
  throw new Error('redis-server does not start; run it by hand to see why, or set TEST_REDIS_URL.');
}

async function launch(port) {
  const directory = mkdtempSync(join(tmpdir(), 'arauto-redis-'));
  const server = spawn(
    'redis-server',
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
      ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
    ],
    // A session of its own: Ctrl-C must not end it before the tests that use it.
    { stdio: 'ignore', detached: true },
  );
  const ended = once(server, 'exit');
  const stop = async () => {
    if (server.exitCode === null && server.signalCode === null) server.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS && server.exitCode === null; waitedMs += POLL_MS) {
    if (await doesAnswer(port, server.pid)) return { url: `redis://127.0.0.1:${port}`, stop };
    await wait(POLL_MS);
  }
  await stop();
  return undefined;
}

/** Is it our server that answers at the port, and not one that was quicker to take it? */
function doesAnswer(port, processId) {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect(port, '127.0.0.1', () => socket.end('INFO server\r\n'));
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => (reply += chunk));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(reply.includes(`process_id:${processId}\r\n`)));
  });
}

async function findFreePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
