export { BackgroundWork } from './background-work.js';
export { Clock } from './clock.js';
export { Repeater } from './repeater.js';
