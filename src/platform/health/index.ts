export { Probe } from './probe.js';
