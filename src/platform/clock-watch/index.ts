export { type ClockHold, ClockWatch, HOLDS_CHANNEL } from './clock-watch.js';
export { ClockWatchModule } from './clock-watch.module.js';
