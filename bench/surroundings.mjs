// What every bench needs around it: the receiving end, a durable PostgreSQL, a Redis where there is one; all of them end with it.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../scripts/redis.mjs';
import { homeDirectory } from '../scripts/run.mjs';
import { startModule } from './child-process.mjs';
import { describeMachine, printMachine } from './machine.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** Where Arauto's own queue is: nobody sets QUEUE_URL here. */
const QUEUE = 'PostgreSQL';

/**
 * @param measure takes { stub, apiRoot, database, redis, machine }; redis is undefined where there is none
 * @param settings of PostgreSQL, by name
 * @returns its result, with the backends of the queues named
 */
export async function withSurroundings(measure, settings = {}) {
  const { startEmbeddedDatabase } = await import('../dist/platform/embedded-database/index.js');
  const stub = await startModule(join(here, 'stub.mjs'));
  const database = await startEmbeddedDatabase({
    homeDirectory,
    dataDirectory: '.arauto/bench-postgres',
    databaseName: 'peers',
    settings,
    log: () => undefined,
  });
  const redis = await startRedis();
  try {
    const machine = await describeMachine(database.url);
    printMachine(machine);
    const peerQueues = ['PostgreSQL', ...(redis ? ['Redis'] : [])];
    console.log(`Arauto’s queue is in ${QUEUE}; the peers have ${peerQueues.join(' and ')}.`);
    const result = await measure({ stub, apiRoot: stub.first.url, database, redis, machine });
    return { ...result, backend: QUEUE, peerBackends: peerQueues };
  } finally {
    await Promise.all([redis?.stop(), stub.stop(), database.stop()]);
  }
}

/** Starts a module of this folder as a process of its own. */
export const startPeer = (path, options) => startModule(join(here, path), options);

/** Instants on the wall clock, comparable with other processes of this machine. */
export const now = () => performance.timeOrigin + performance.now();

/** Tells whoever waits how far it is. */
export const say = (text) => console.error(`… ${text}`);

/** What is not met is said, and ends in exit code 1. */
export function printFailures(failures) {
  for (const failure of failures) console.log(`NOT MET: ${failure}`);
  return failures.length === 0;
}

/** The value below which so many of a hundred lie. */
export function percentileOf(values, percent) {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)];
}

export const round = (value, digits = 2) => Math.round(value * 10 ** digits) / 10 ** digits;
