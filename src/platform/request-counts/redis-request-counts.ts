import { setTimeout as wait } from 'node:timers/promises';
import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import { type RequestCount, RequestCounts } from './request-counts.js';

/** A count that takes longer is worth less than the request that waits for it. */
const ANSWER_WITHIN_MS = 500;
const CONNECT_WITHIN_MS = 2_000;

const COUNT = `local hits = redis.call('INCRBY', KEYS[1], ARGV[2])
if hits == tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {hits, redis.call('PTTL', KEYS[1])}`;

/** On the Redis that carries the queues. */
export class RedisRequestCounts extends RequestCounts implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('request-counts');
  private readonly redis: Redis;

  constructor(
    url: string,
    private readonly prefix: string,
  ) {
    super();
    this.redis = new Redis(url, {
      lazyConnect: true,
      // Nothing waits for a Redis that is away.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: ANSWER_WITHIN_MS,
      connectTimeout: CONNECT_WITHIN_MS,
    });
    this.redis.on('error', (error: Error) => this.logger.debug(`the connection broke: ${error.message}`));
  }

  /** Goes on without it, and tries by itself from then on: until there is a connection nothing is counted. */
  async onModuleInit(): Promise<void> {
    const connecting = this.redis.connect().catch((error: unknown) => {
      this.logger.warn(`no Redis yet: ${String(error)}`);
    });
    const patience = new AbortController();
    await Promise.race([
      connecting,
      wait(CONNECT_WITHIN_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  override async count(key: string, windowSeconds: number, times: number): Promise<RequestCount> {
    const place = `${this.prefix}:requests:${key}`;
    const answer = await this.redis.eval(COUNT, 1, place, windowSeconds * 1_000, times);
    const [hits, millisecondsLeft] = answer as [number, number];
    return { hits, secondsLeft: millisecondsLeft / 1_000 };
  }
}
