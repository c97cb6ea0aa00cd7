import { Redis } from 'ioredis';
import { Probe } from '../health/index.js';

/** Whether what carries the queue answers: PostgreSQL, or the Redis of QUEUE_URL. */
export class QueueHealth extends Probe {}

const CONNECT_WITHIN_MS = 1_500;

/**
 * By a connection of its own, which ends with the answer: those of the queue keep what is asked of a Redis that is away
 * until it is back.
 */
export async function pingRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_WITHIN_MS,
    retryStrategy: () => null,
  });
  let failure: Error | undefined;
  redis.on('error', (error: Error) => (failure = error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    // What ioredis throws says that the connection is closed; what it told before says why.
    throw failure ?? error;
  } finally {
    redis.disconnect();
  }
}
