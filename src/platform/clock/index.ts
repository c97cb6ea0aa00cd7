export { Clock } from './clock.js';
export { isTimeZone, timeZoneSchema } from './time-zone.js';
