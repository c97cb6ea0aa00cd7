export { RedisRequestCounts } from './redis-request-counts.js';
export { type RequestCount, RequestCounts } from './request-counts.js';
export { OLD_REQUEST_COUNTS, RequestCountsModule } from './request-counts.module.js';
