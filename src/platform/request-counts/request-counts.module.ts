import { Module } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { type OldRows } from '../cleaning/index.js';
import { DispatcherDatabase } from '../database/index.js';
import { DatabaseRequestCounts } from './database-request-counts.js';
import { RedisRequestCounts } from './redis-request-counts.js';
import { RequestCounts } from './request-counts.js';

/** Counts of windows that are over; on Redis they go by themselves. */
export const OLD_REQUEST_COUNTS: OldRows = {
  table: 'request_counts',
  where: `window_ends_at < now() - interval '1 minute'`,
};

@Module({
  providers: [
    {
      provide: RequestCounts,
      inject: [Configuration, DispatcherDatabase],
      useFactory: ({ settings }: Configuration, database: DispatcherDatabase): RequestCounts =>
        settings.QUEUE_URL === undefined
          ? new DatabaseRequestCounts(database)
          : new RedisRequestCounts(settings.QUEUE_URL, settings.QUEUE_PREFIX),
    },
  ],
  exports: [RequestCounts],
})
export class RequestCountsModule {}
