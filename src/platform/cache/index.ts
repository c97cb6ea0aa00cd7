export { ExpiringCache } from './expiring-cache.js';
export { LoadingCache } from './loading-cache.js';
