// graphile-worker's `run_at`: many jobs added in one statement, taken by ten workers' worth of concurrency that poll often.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { serveRuns } from '../workload.mjs';
import { dueMsOf, Lateness } from './lateness.mjs';

const JOBS_AT_ONCE = 10_000;
const CONCURRENCY = 20;
/** Without it, jobs of the future are looked for every two seconds alone. */
const POLL_MS = 50;
const DAYS = 363;
const DAY_MS = 86_400_000;

const [connectionString] = process.argv.slice(2);
const database = new pg.Pool({ connectionString, max: 2 });
const logger = new Logger(() => () => undefined);
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();
await utils.release();

async function add(count, dueMs) {
  for (let first = 0; first < count; first += JOBS_AT_ONCE) {
    const jobs = Array.from({ length: Math.min(JOBS_AT_ONCE, count - first) }, (_, position) => ({
      identifier: 'send',
      payload: { n: first + position },
      run_at: new Date(dueMs(first + position)).toISOString(),
    }));
    await database.query(
      `SELECT FROM graphile_worker.add_jobs(ARRAY(
         SELECT json_populate_recordset(NULL::graphile_worker.job_spec, $1::json)))`,
      [JSON.stringify(jobs)],
    );
  }
}

serveRuns(async ({ waiting, firstMs, workload }) => {
  if (waiting !== undefined) {
    await add(waiting, (n) => firstMs + ((n * 7_919) % DAYS) * DAY_MS + n);
    await database.query('VACUUM ANALYZE');
    return;
  }
  const lateness = new Lateness(workload);
  await add(workload.count, (n) => dueMsOf(n, workload));
  const runner = await run({
    connectionString,
    concurrency: CONCURRENCY,
    maxPoolSize: CONCURRENCY + 2,
    noHandleSignals: true,
    pollInterval: POLL_MS,
    logger,
    taskList: { send: ({ n }) => lateness.note(n) },
  });
  const figures = await lateness.await();
  await runner.stop();
  await database.query('DROP SCHEMA graphile_worker CASCADE');
  return figures;
});
