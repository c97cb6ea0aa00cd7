// BullMQ's way: a job per chat, by `addBulk`, a thousand at a time.
import IORedis from 'ioredis';
import { createPostgresBackend, PostgresConnection, Queue, setDefaultBackendFactory } from 'bullmq';
import pg from 'pg';
import { serveRuns } from '../workload.mjs';

const JOBS_AT_ONCE = 1_000;
const SCHEMA = 'bullmq';

const [url] = process.argv.slice(2);
const connection = url.startsWith('redis')
  ? new IORedis(url, { maxRetriesPerRequest: null })
  : await openPostgres();

async function openPostgres() {
  setDefaultBackendFactory(createPostgresBackend);
  const migrating = new PostgresConnection({ connectionString: url, schema: SCHEMA, migrate: true, max: 1 });
  await migrating.waitUntilReady();
  await migrating.close();
  return new pg.Pool({ connectionString: url, max: 10, options: `-c search_path=${SCHEMA}` });
}

serveRuns(async ({ count }) => {
  const queue = new Queue('fanout', { connection });
  for (let first = 0; first < count; first += JOBS_AT_ONCE) {
    await queue.addBulk(
      Array.from({ length: Math.min(JOBS_AT_ONCE, count - first) }, (_, position) => ({
        name: 'send',
        data: { broadcastId: 1, botId: (first + position) % 1_000, chatId: first + position },
        opts: { removeOnComplete: true },
      })),
    );
  }
  const tookUntilMs = performance.timeOrigin + performance.now();
  await queue.obliterate({ force: true });
  await queue.close();
  return { tookUntilMs };
});
