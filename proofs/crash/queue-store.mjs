// Where the queue lives, and how all that it holds is lost at once.
import { Redis } from 'ioredis';
import { startRedis } from '../../scripts/redis.mjs';

/** @returns the queue in PostgreSQL, and in Redis where there is one */
export async function queueStores(database) {
  const redis = await startRedis();
  return [inPostgreSql(database), ...(redis ? [inRedis(redis)] : [])];
}

function inPostgreSql(database) {
  return {
    name: 'PostgreSQL',
    environment: {},
    async flush() {
      const tables = await database.look(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
         WHERE schemaname = 'bullmq' AND tablename <> 'migration'`,
      );
      const truncate = `TRUNCATE ${tables.map(({ name }) => name).join(', ')} CASCADE`;
      while (!(await didRun(database, truncate)));
    },
    close: () => Promise.resolve(),
  };
}

/** False where the statement was the victim of a deadlock: the queue's own lock the tables in other orders. */
async function didRun(database, sql) {
  try {
    await database.look(sql);
    return true;
  } catch (error) {
    if (error.code === '40P01') return false;
    throw error;
  }
}

function inRedis(redis) {
  const client = new Redis(redis.url);
  // An interrupted proof leaves no server behind.
  process.once('exit', () => void redis.stop());
  return {
    name: 'Redis',
    environment: { QUEUE_URL: redis.url },
    flush: () => client.flushall(),
    async close() {
      await client.quit();
      await redis.stop();
    },
  };
}
