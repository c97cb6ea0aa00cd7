// BullMQ's job schedulers on Redis: one for each cron line, many of them written at the same time.
import { Queue, Worker } from 'bullmq';
import { sendAll, serveRuns } from '../workload.mjs';
import { dueMsOf, Lateness } from './lateness.mjs';

const CONCURRENCY = 200;
const WRITTEN_AT_ONCE = 100;

const [url] = process.argv.slice(2);
const connection = { url, maxRetriesPerRequest: null };
const queue = new Queue('schedulers', { connection });

const numbers = (count) => Array.from({ length: count }, (_, n) => n).values();

serveRuns(async ({ workload }) => {
  const lateness = new Lateness(workload);
  const worker = new Worker('schedulers', ({ data }) => Promise.resolve(lateness.note(data.n)), {
    connection,
    concurrency: CONCURRENCY,
  });
  await worker.waitUntilReady();
  await sendAll(numbers(workload.count), WRITTEN_AT_ONCE, (n) => {
    const due = new Date(dueMsOf(n, workload));
    return queue.upsertJobScheduler(
      `schedule-${n}`,
      { pattern: `${due.getUTCSeconds()} ${due.getUTCMinutes()} * * * *`, tz: 'UTC' },
      { name: 'send', data: { n }, opts: { removeOnComplete: true } },
    );
  });
  if (Date.now() > workload.firstMs) throw new Error('The schedulers were not written before they were due.');
  const figures = await lateness.await();
  await worker.close();
  await queue.obliterate({ force: true });
  return figures;
});
