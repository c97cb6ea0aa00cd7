import { type BotApiOutcome, reasonScope } from '../telegram/index.js';

/** How a delivery stands, as stored (see the table `deliveries`) and as shown. */
export const DELIVERY_STATES = [
  'queued',
  'sending',
  'sent',
  'failed',
  'unknown',
  'cancelled',
  'skipped',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export const codeOfState = (state: DeliveryState): number => DELIVERY_STATES.indexOf(state);

/** Answers to people go ahead of broadcasts; the greater class goes first. */
export const DELIVERY_CLASS = { broadcast: 1, reply: 2 } as const;
export type DeliveryClass = (typeof DELIVERY_CLASS)[keyof typeof DELIVERY_CLASS];

/** What to write down about one attempt once its answer is there. */
export interface Settlement {
  readonly state: DeliveryState;
  readonly reason: string | null;
  /** Telegram's number of the message, where it was sent. */
  readonly messageId: number | null;
  /** For a delivery that is queued again: not before this many milliseconds. */
  readonly delayMs: number;
}

/** What else follows from an outcome, beside the row itself. */
export type Consequence =
  | { readonly kind: 'none' }
  /** The chat can't be reached any more; its state says why. */
  | { readonly kind: 'chatUnreachable'; readonly reason: string }
  | { readonly kind: 'chatMigrated'; readonly migrateToChatId: number }
  /** Telegram refuses the content itself: everybody else would fail the same way. */
  | { readonly kind: 'contentRefused'; readonly reason: string }
  /** The bot can't pay for the broadcast any more. */
  | { readonly kind: 'starsMissing' }
  | { readonly kind: 'tokenRejected' }
  /** Telegram asked for a rest. */
  | { readonly kind: 'rest'; readonly retryAfterSeconds: number };

export interface Verdict {
  readonly settlement: Settlement;
  readonly consequence: Consequence;
}

/** How often in a row one delivery is tried for the same fault, where that surely had no effect and the lane itself is well. */
const TRIES_OF_ONE_FAULT = 5;
/** How often one delivery is tried at all: a fortnight at the longest pause. The column `attempt` ends at 32,767. */
const MOST_TRIES = 30_000;
const BACK_OFF_FIRST_MS = 500;
const BACK_OFF_MOST_MS = 60_000;
/** Resending an unknown waits out the longest that the first try could still take: a minute for media, once it is written. */
export const RESEND_UNKNOWN_AFTER_MS = 65_000;

/** Doubles from half a second to a minute, with jitter so that a thousand lanes don't come back at once. */
export function backOffMs(times: number, random: number): number {
  const full = Math.min(BACK_OFF_MOST_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(times - 1, 20));
  return Math.round(full * (0.5 + random / 2));
}

/** A verdict by which nothing is tried for ever. */
export function tiredAfter(verdict: Verdict, attempt: number): Verdict {
  if (verdict.settlement.state !== 'queued' || attempt < MOST_TRIES) return verdict;
  return { ...verdict, settlement: settle('failed', 'tried_too_often') };
}

/**
 * What a try came to, as far as it matters how often in a row it does. Rests, outages and what we call back ourselves come
 * between for no fault of the delivery's; they end a row all the same.
 */
export function faultOf(outcome: BotApiOutcome): string {
  if (outcome.kind === 'notSent') return outcome.cause;
  return outcome.kind === 'rejected' ? outcome.reason : outcome.kind;
}

/** Once more at once: what was wrong is mended. */
export const TRY_AGAIN: Verdict = verdict(requeue(0));

/**
 * What an outcome means for its delivery: the table of docs/sending.md, in code.
 *
 * @param times how often in a row this delivery's tries came to this {@link faultOf}, from 1
 * @param isResentWhenUnknown the broadcast's owner chose it, and no try before may have arrived
 * @param random from 0 to 1
 */
export function judge(
  outcome: BotApiOutcome,
  times: number,
  isResentWhenUnknown: boolean,
  random: number,
): Verdict {
  switch (outcome.kind) {
    case 'ok':
      return verdict(settle('sent', null, messageIdOf(outcome.result)));
    case 'rejected': {
      if (outcome.reason === 'not_enough_stars') return verdict(requeue(0), { kind: 'starsMissing' });
      const settlement = settle('failed', outcome.reason);
      if (outcome.reason === 'file_unreachable')
        return times < TRIES_OF_ONE_FAULT
          ? verdict(requeue(backOffMs(times + 1, random)))
          : verdict(settlement, { kind: 'contentRefused', reason: outcome.reason });
      const scope = reasonScope(outcome.reason);
      if (scope === 'chat') return verdict(settlement, { kind: 'chatUnreachable', reason: outcome.reason });
      if (scope === 'content') return verdict(settlement, { kind: 'contentRefused', reason: outcome.reason });
      return verdict(settlement);
    }
    case 'rateLimited':
      return verdict(requeue(outcome.retryAfterSeconds * 1000), {
        kind: 'rest',
        retryAfterSeconds: outcome.retryAfterSeconds,
      });
    case 'migrated':
      return verdict(times > TRIES_OF_ONE_FAULT ? settle('failed', 'migrated') : requeue(0), {
        kind: 'chatMigrated',
        migrateToChatId: outcome.migrateToChatId,
      });
    case 'tokenRejected':
      return verdict(requeue(0), { kind: 'tokenRejected' });
    case 'conflict':
      return verdict(settle('failed', 'conflict'));
    case 'notSent':
      return judgeNotSent(outcome.cause, times, random);
    case 'unknown':
      if (isResentWhenUnknown) return verdict(requeue(RESEND_UNKNOWN_AFTER_MS, outcome.cause));
      return verdict(settle('unknown', outcome.cause));
  }
}

/**
 * What an outcome means where a message that was sent is edited or deleted. Both can be done twice without harm, so that
 * what nobody can know is tried again, and who finds it done already takes it for done.
 */
export function judgeChange(outcome: BotApiOutcome, times: number, random: number): Verdict {
  switch (outcome.kind) {
    case 'rejected':
      if (outcome.reason === 'not_modified') return verdict(settle('sent', 'not_modified'));
      if (outcome.reason === 'message_gone')
        return verdict(
          /to delete not found/i.test(outcome.description)
            ? settle('sent', 'already_gone')
            : settle('failed', 'message_gone'),
        );
      return judge(outcome, times, false, random);
    case 'migrated':
      // The message stayed in the chat that was; its number may be another message's in the new one.
      return verdict(settle('failed', 'chat_migrated'), {
        kind: 'chatMigrated',
        migrateToChatId: outcome.migrateToChatId,
      });
    case 'unknown':
      if (times >= TRIES_OF_ONE_FAULT) return verdict(settle('unknown', outcome.cause));
      return verdict(requeue(backOffMs(times, random)));
    default:
      return judge(outcome, times, false, random);
  }
}

function judgeNotSent(cause: string, times: number, random: number): Verdict {
  switch (cause) {
    case 'withdrawn':
    case 'closed':
      // We called it back ourselves: nobody is to blame.
      return verdict(requeue(0));
    case 'upload_broken':
    case 'refusal_unreadable':
      if (times >= TRIES_OF_ONE_FAULT) return verdict(settle('failed', cause));
      return verdict(requeue(backOffMs(times, random)));
    default:
      // The network or the server is away for everybody: nothing fails, and the lane itself waits for better days.
      return verdict(requeue(backOffMs(times, random)));
  }
}

function settle(state: DeliveryState, reason: string | null, messageId: number | null = null): Settlement {
  return { state, reason, messageId, delayMs: 0 };
}

/** @param reason why a try may have arrived all the same; null where none can have */
function requeue(delayMs: number, reason: string | null = null): Settlement {
  return { state: 'queued', reason, messageId: null, delayMs };
}

function verdict(settlement: Settlement, consequence: Consequence = { kind: 'none' }): Verdict {
  return { settlement, consequence };
}

function messageIdOf(result: unknown): number | null {
  const id = (result as { message_id?: unknown } | null)?.message_id;
  return Number.isSafeInteger(id) ? (id as number) : null;
}
