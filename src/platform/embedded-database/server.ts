import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type PostgresBinaries } from './binaries.js';
import { EmbeddedDatabaseError } from './embedded-database.errors.js';
import {
  composeServerArguments,
  isPortTaken,
  isPostmasterOf,
  parsePostmasterRecord,
  type PostmasterRecord,
} from './postmaster.rules.js';
import { findProcess } from './running-process.js';
import { runProgram, spawnOptions, type ServerAccount } from './server-account.js';

const POLL_MS = 10;
/** After a crash the server first reads its log again, up to max_wal_size (1 GB). */
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_SECONDS = 30;
/** Between finding a free port and PostgreSQL taking it, another program may be quicker. */
const PORT_ATTEMPTS = 10;

export interface LaunchOptions {
  /** 0 takes any free port. */
  port: number;
  settings: Readonly<Record<string, string>>;
  environment: Readonly<Record<string, string>>;
  /** Where the server writes what it has to say. */
  logFile: string;
  account: ServerAccount | undefined;
}

/** The server that runs on this data directory, or undefined. A pid file that outlived its server counts for nothing. */
export async function findRunningServer(pgData: string): Promise<PostmasterRecord | undefined> {
  const record = await readPostmasterRecord(pgData);
  if (!record || record.dataDirectory !== pgData) return undefined;
  const found = await findProcess(record.processId);
  return found && isPostmasterOf(pgData, found.commandLine) ? record : undefined;
}

/** Starts the server and waits until it takes connections. Call it only when none runs. */
export async function launchServer(
  binaries: PostgresBinaries,
  pgData: string,
  options: LaunchOptions,
): Promise<PostmasterRecord> {
  // After a restart of the host, the old number may belong to any program, and PostgreSQL would believe it a server.
  await rm(join(pgData, 'postmaster.pid'), { force: true });
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port || (await findFreePort());
    const server = await tryLaunch(binaries, pgData, port, options);
    if (server) return server;
    const serverLog = await readFile(options.logFile, 'utf8');
    if (isPortTaken(serverLog) && options.port !== 0) {
      throw new EmbeddedDatabaseError(
        `Port ${options.port} on 127.0.0.1 is taken. Name another one, or none to take any that is free.`,
      );
    }
    if (!isPortTaken(serverLog) || attempt === PORT_ATTEMPTS) {
      throw new EmbeddedDatabaseError(
        `PostgreSQL did not start. It said (${options.logFile}):\n${serverLog.slice(-2000)}`,
      );
    }
  }
}

/** Closes open connections, writes everything down and waits for the end of the process. */
export async function stopServer(
  binaries: PostgresBinaries,
  pgData: string,
  account: ServerAccount | undefined,
): Promise<void> {
  const server = await findRunningServer(pgData);
  if (!server) return;
  const stopIn = (mode: string) =>
    runProgram(
      binaries.pgCtl,
      ['stop', '-D', pgData, '-m', mode, '-w', '-t', String(STOP_WITHIN_SECONDS)],
      account,
    );
  try {
    await stopIn('fast');
  } catch (error) {
    if (!(await findRunningServer(pgData))) return;
    // Loses nothing that was committed: the next start reads it from the log.
    await stopIn('immediate').catch((second: unknown) => {
      throw new AggregateError([error, second], `PostgreSQL (process ${server.processId}) does not stop`);
    });
  }
  while (await isStillRunning(server, pgData)) await wait(POLL_MS);
}

async function isStillRunning(server: PostmasterRecord, pgData: string): Promise<boolean> {
  const found = await findProcess(server.processId);
  return found !== undefined && isPostmasterOf(pgData, found.commandLine);
}

/** Undefined when the server ended before it was ready. */
async function tryLaunch(
  binaries: PostgresBinaries,
  pgData: string,
  port: number,
  options: LaunchOptions,
): Promise<PostmasterRecord | undefined> {
  const logFile = await open(options.logFile, 'w', 0o600);
  let hasEnded = false;
  const spawned = spawnOptions(options.account);
  try {
    const server = spawn(binaries.postgres, composeServerArguments(pgData, port, options.settings), {
      ...spawned,
      env: { ...spawned.env, ...options.environment },
      stdio: ['ignore', logFile.fd, logFile.fd],
      // A session of its own: Ctrl-C in the terminal must not end the database before the program that uses it.
      detached: true,
    });
    server.once('exit', () => (hasEnded = true));
    await once(server, 'spawn');
    server.unref();
  } finally {
    await logFile.close();
  }
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += POLL_MS) {
    const record = await findRunningServer(pgData);
    if (record?.isReady) return record;
    if (hasEnded) return undefined;
    await wait(POLL_MS);
  }
  await stopServer(binaries, pgData, options.account);
  throw new EmbeddedDatabaseError(
    `PostgreSQL was not ready after ${READY_WITHIN_MS / 1000} s; see ${options.logFile}.`,
  );
}

async function readPostmasterRecord(pgData: string): Promise<PostmasterRecord | undefined> {
  try {
    return parsePostmasterRecord(await readFile(join(pgData, 'postmaster.pid'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
