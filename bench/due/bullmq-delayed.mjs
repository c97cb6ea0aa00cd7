// BullMQ's delayed jobs on Redis: written by `addBulk`, a thousand at a time, taken by one worker that has many under way.
import { Queue, Worker } from 'bullmq';
import { batchesOf, serveRuns } from '../workload.mjs';
import { dueMsOf, Lateness } from './lateness.mjs';

const JOBS_AT_ONCE = 1_000;
const CONCURRENCY = 200;
const DAYS = 363;
const DAY_MS = 86_400_000;

const [url] = process.argv.slice(2);
const connection = { url, maxRetriesPerRequest: null };
const queue = new Queue('due', { connection });

const numbers = (count) => Array.from({ length: count }, (_, n) => n);

async function add(count, dueMs) {
  for (const batch of batchesOf(numbers(count), JOBS_AT_ONCE)) {
    const nowMs = Date.now();
    await queue.addBulk(
      batch.map((n) => ({
        name: 'send',
        data: { n, dueMs: dueMs(n) },
        opts: { delay: Math.max(0, dueMs(n) - nowMs), removeOnComplete: true },
      })),
    );
  }
}

serveRuns(async ({ waiting, firstMs, workload }) => {
  if (waiting !== undefined) return add(waiting, (n) => firstMs + ((n * 7_919) % DAYS) * DAY_MS + n);
  const lateness = new Lateness(workload);
  const worker = new Worker('due', ({ data }) => Promise.resolve(lateness.note(data.n)), {
    connection,
    concurrency: CONCURRENCY,
  });
  await worker.waitUntilReady();
  await add(workload.count, (n) => dueMsOf(n, workload));
  const figures = await lateness.await();
  await worker.close();
  await queue.obliterate({ force: true });
  return figures;
});
