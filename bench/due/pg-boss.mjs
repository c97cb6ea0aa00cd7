// pg-boss: jobs with `startAfter`, which is what `sendAfter` sets, inserted many at once; fetched in batches as often as it allows.
import PgBoss from 'pg-boss';
import { serveRuns } from '../workload.mjs';
import { dueMsOf, Lateness } from './lateness.mjs';

const JOBS_AT_ONCE = 10_000;
const FETCHED_AT_ONCE = 1_000;
/** The shortest that it takes. */
const POLL_SECONDS = 0.5;
const WORKERS = 4;
const QUEUE = 'due';
const DAYS = 363;
const DAY_MS = 86_400_000;

const [connectionString] = process.argv.slice(2);
const boss = new PgBoss({ connectionString, max: 10 });
boss.on('error', (error) => console.error(`pg-boss: ${error.message}`));
await boss.start();
await boss.createQueue(QUEUE);

async function add(count, dueMs) {
  for (let first = 0; first < count; first += JOBS_AT_ONCE) {
    await boss.insert(
      Array.from({ length: Math.min(JOBS_AT_ONCE, count - first) }, (_, position) => ({
        name: QUEUE,
        data: { n: first + position },
        startAfter: new Date(dueMs(first + position)).toISOString(),
      })),
    );
  }
}

serveRuns(async ({ waiting, firstMs, workload }) => {
  if (waiting !== undefined) return add(waiting, (n) => firstMs + ((n * 7_919) % DAYS) * DAY_MS + n);
  const lateness = new Lateness(workload);
  await add(workload.count, (n) => dueMsOf(n, workload));
  const options = { batchSize: FETCHED_AT_ONCE, pollingIntervalSeconds: POLL_SECONDS };
  for (let worker = 0; worker < WORKERS; worker += 1)
    await boss.work(QUEUE, options, async (jobs) => jobs.forEach(({ data }) => lateness.note(data.n)));
  const figures = await lateness.await();
  await boss.stop({ graceful: false });
  return figures;
});
