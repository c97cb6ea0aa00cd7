// Wall clocks are set while schedules are due and broadcasts go out: of single processes, of PostgreSQL, of the machine; tickers
// stand still, and all of them for days.
import { proveBySpec } from './run-spec.mjs';

export function run({ isQuick }) {
  return proveBySpec({
    proof: 'clocks',
    isQuick,
    quickness: '4 processes, PostgreSQL 3 times and the machine twice are set, instead of 12, 8 and 5.',
    none: ['doubled', 'lost', 'early', 'sentWhileHeld', 'deletedWhileHeld', 'wrongCounts'],
    atLeast: {
      heldWhileClocksDisagree: isQuick ? 7 : 20,
      tickersStopped: isQuick ? 4 : 12,
      stops: isQuick ? 48 : 240,
    },
  });
}
