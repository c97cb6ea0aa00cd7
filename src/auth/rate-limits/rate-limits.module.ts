import { Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { RequestCountsModule } from '../../platform/request-counts/index.js';
import { SharedThrottlerStorage } from './shared-throttler-storage.js';

const WINDOW_MS = 60_000;

@Module({
  imports: [RequestCountsModule],
  providers: [SharedThrottlerStorage],
  exports: [SharedThrottlerStorage],
})
class ThrottlerStorageModule {}

/** The window; whose limit is how high, the guard says. */
export const RateLimitsModule = ThrottlerModule.forRootAsync({
  imports: [ThrottlerStorageModule],
  inject: [SharedThrottlerStorage],
  useFactory: (storage: SharedThrottlerStorage) => ({
    storage,
    throttlers: [{ ttl: WINDOW_MS, limit: Infinity }],
  }),
});
