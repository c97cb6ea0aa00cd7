import { setFlagsFromString } from 'node:v8';

/**
 * How much the heap may grow beyond what was alive at the last look before V8 looks again. By itself it takes up to four
 * times as much on a large machine: a worker with 60 MB alive came to 300 MB at 1,000 messages a second, nearly all of it
 * lanes long gone. So it looks every few seconds under full load, for 20 ms. No bound is set, which would end the process.
 */
const HEAP_GROWTH_PERCENT = 25;

setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
