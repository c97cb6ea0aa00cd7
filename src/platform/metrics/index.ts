export { Metrics, type Reading, type Spread, type Tally } from './metrics.js';
