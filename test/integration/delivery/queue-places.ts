import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { UNPACED } from '../../harness/scene.js';
import { DeliveryScene } from './delivery-scene.js';

/** One of the places where the queue can live. */
export interface QueuePlace {
  readonly name: string;
  open(environment?: Record<string, string>): Promise<DeliveryScene>;
  /** Loses all that the queue holds, as if its store had been wiped. */
  empty(scene: DeliveryScene): Promise<void>;
  close(): Promise<void>;
}

/** PostgreSQL, and Redis where there is one. */
export function queuePlaces(): QueuePlace[] {
  const redisUrl = process.env['TEST_REDIS_URL'];
  if (redisUrl === undefined) console.log('The Redis part does not run: TEST_REDIS_URL is not set.');
  return [onPostgreSql(), ...(redisUrl === undefined ? [] : [onRedis(redisUrl)])];
}

function onPostgreSql(): QueuePlace {
  return {
    name: 'PostgreSQL',
    open: (environment = UNPACED) => DeliveryScene.open(environment),
    empty: async (scene) => {
      const tables = await scene.look<{ name: string }>(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
          WHERE schemaname = 'bullmq' AND tablename <> 'migration'`,
      );
      const truncate = `TRUNCATE ${tables.map(({ name }) => name).join(', ')} CASCADE`;
      while (!(await didRun(scene, truncate)));
    },
    close: () => Promise.resolve(),
  };
}

/** False where the statement was the victim of a deadlock: the queue's own statements lock the tables in other orders. */
async function didRun(scene: DeliveryScene, sql: string): Promise<boolean> {
  try {
    await scene.look(sql);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '40P01') return false;
    throw error;
  }
}

function onRedis(url: string): QueuePlace {
  // Other test files may use the same server.
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  let client: Redis | undefined;
  const connect = (): Redis => (client ??= new Redis(url));
  const empty = async (): Promise<void> => {
    const keys = await connect().keys(`${prefix}:*`);
    if (keys.length > 0) await connect().del(keys);
  };
  return {
    name: 'Redis',
    open: (environment = UNPACED) =>
      DeliveryScene.open({ ...environment, QUEUE_URL: url, QUEUE_PREFIX: prefix }),
    empty,
    close: async () => {
      await empty();
      await client?.quit();
    },
  };
}
