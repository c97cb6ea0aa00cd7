// PostgreSQL's catalogue is read for everything that could open a wall between tenants; and planted flaws show that the
// reading notices.
import { proveBySpec } from './run-spec.mjs';

export function run({ isQuick }) {
  return proveBySpec({
    proof: 'catalogue',
    isQuick,
    quickness: 'nothing is left out, it takes seconds.',
    none: ['findings', 'missed'],
    atLeast: { tables: 20, policies: 20, planted: 20 },
  });
}
