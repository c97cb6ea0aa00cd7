export { Clock } from './clock.js';
export { Repeater } from './repeater.js';
