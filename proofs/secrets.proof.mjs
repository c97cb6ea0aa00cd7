// Canary tokens, passwords and keys go through everything that handles them, also where it fails; then all that was written
// is searched for them. And keys are exchanged while messages go out.
import { startRedis } from '../scripts/redis.mjs';
import { proveBySpec } from './run-spec.mjs';

export async function run({ isQuick }) {
  const redis = process.env.TEST_REDIS_URL ? undefined : await startRedis();
  if (redis) process.env.TEST_REDIS_URL = redis.url;
  if (!process.env.TEST_REDIS_URL)
    console.log('No redis-server on the path and no TEST_REDIS_URL: the queue lies in PostgreSQL alone.');
  try {
    return await proveBySpec({
      proof: 'secrets',
      isQuick,
      quickness:
        '500 tokens sealed anew instead of 10,000, and no call to Telegram that hangs for 30 seconds.',
      none: ['hits', 'failedSends', 'unreadable'],
      atLeast: { secrets: 15, bytes: 100_000, tokens: isQuick ? 500 : 10_000 },
    });
  } finally {
    await redis?.stop();
  }
}
