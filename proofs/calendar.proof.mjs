// Every change of every zone's clocks from 2020 to 2037, rules of all kinds that are due around it, and an oracle that
// walks the minutes with Intl.
import { proveBySpec } from './run-spec.mjs';

export function run({ isQuick }) {
  return proveBySpec({
    proof: 'calendar',
    isQuick,
    quickness: 'the changes of 2026 alone, in one of the zones that share each.',
    none: ['missed', 'doubled', 'mutantsSurvived'],
    atLeast: {
      cases: isQuick ? 10_000 : 1_000_000,
      compared: isQuick ? 9_000 : 900_000,
      rules: 220,
      traps: 19,
      mutants: 10,
    },
  });
}
