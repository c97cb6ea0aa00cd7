// What keeps tenants apart, from the outermost answer to the innermost policy: every operation asked by everybody who may
// not, many tenants at once, and each policy taken away in turn.
import { proveBySpec } from './run-spec.mjs';

export function run({ isQuick }) {
  return proveBySpec({
    proof: 'isolation',
    isQuick,
    quickness: 'the mixed load of 20 tenants takes 5 seconds and not a minute.',
    none: [
      ...['leaks', 'distinguishable', 'serverErrors', 'unexpected', 'writes', 'operationsWithoutRow'],
      'mutantsSurvived',
    ],
    atLeast: { operations: 50, cases: 1_000, mutants: 40, mixedRequests: 1_000 },
  });
}
