// Requests that nobody well-meaning would send, made from the API's own schemas, and the attacks that everybody tries.
import { proveBySpec } from './run-spec.mjs';

export function run({ isQuick }) {
  return proveBySpec({
    proof: 'hostile',
    isQuick,
    quickness: '5,000 generated requests instead of 100,000.',
    none: ['serverErrors', 'silentlyAccepted', 'malformedProblems', 'attacksPassed'],
    atLeast: { requests: isQuick ? 5_000 : 100_000, attacks: 1_000 },
  });
}
