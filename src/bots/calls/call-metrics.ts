import { type Metrics } from '../../platform/metrics/index.js';
import { type BotApiOutcome } from '../../telegram/index.js';

type OutcomeKind = BotApiOutcome['kind'];

const LABELS = {
  ok: 'ok',
  rejected: 'rejected',
  rateLimited: 'rate_limited',
  migrated: 'migrated',
  tokenRejected: 'token_rejected',
  conflict: 'conflict',
  notSent: 'not_sent',
  unknown: 'unknown',
} as const satisfies Record<OutcomeKind, string>;

/** @returns counts how calls of the Bot API end; `rate_limited` is Telegram's 429 */
export function countOutcomes(metrics: Metrics): (kind: OutcomeKind) => void {
  const calls = metrics.tallies(
    'arauto_bot_api_calls_total',
    'Calls of the Bot API but for long polls, by how they ended; rate_limited is an answer 429.',
    'outcome',
    Object.values(LABELS),
  );
  return (kind) => calls[LABELS[kind]].add();
}
