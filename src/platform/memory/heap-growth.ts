import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';

/**
 * How much the heap may grow beyond what was alive at the last look before V8 looks again. By itself it takes up to four
 * times as much on a large machine: a worker with 60 MB alive came to 300 MB at 1,000 messages a second, nearly all of it
 * lanes long gone. No bound is set, which would end the process.
 */
const CALM_GROWTH_PERCENT = 25;
/** V8's own choice: looking so often costs a sixth of the messages where the processor is what is short. */
const BUSY_GROWTH_PERCENT = 0;
/** From here on, as a part of the time, the event loop has too much to do to care for memory first. */
const BUSY_UTILIZATION = 0.7;
const LOOK_EVERY_MS = 250;

function allow(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

allow(CALM_GROWTH_PERCENT);
let last = performance.eventLoopUtilization();
setInterval(() => {
  const { utilization } = performance.eventLoopUtilization(last);
  last = performance.eventLoopUtilization();
  allow(utilization > BUSY_UTILIZATION ? BUSY_GROWTH_PERCENT : CALM_GROWTH_PERCENT);
}, LOOK_EVERY_MS).unref();
