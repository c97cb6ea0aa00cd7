import { type BroadcastState, isEnded, RECALLABLE_HOURS } from './broadcast.rules.js';
import { type BroadcastCounts } from './report.rules.js';

/** What is done to messages after a broadcast has sent: to its own, or to those of the one before it. */
export const FOLLOW_UP_KINDS = ['pin', 'delete_previous', 'delete_after'] as const;
export type FollowUpKind = (typeof FOLLOW_UP_KINDS)[number];

export const FOLLOW_UP_STATES = ['waiting', 'started', 'dropped'] as const;
export type FollowUpState = (typeof FOLLOW_UP_STATES)[number];

/** How a message is pinned; channels and private chats are never notified by Telegram. */
export const PIN_WAYS = ['silent', 'notify'] as const;
export type PinWay = (typeof PIN_WAYS)[number];

/** What follows a broadcast, as it is asked for. */
export interface AskedFollowUps {
  readonly pin: PinWay | null;
  readonly deletePrevious: boolean;
  readonly deleteAfterSeconds: number | null;
}

export interface NewFollowUp {
  readonly kind: FollowUpKind;
  readonly afterSeconds: number;
  readonly pinNotifies: boolean;
}

export const listFollowUps = ({ pin, deletePrevious, deleteAfterSeconds }: AskedFollowUps): NewFollowUp[] => [
  ...(pin === null ? [] : [{ kind: 'pin' as const, afterSeconds: 0, pinNotifies: pin === 'notify' }]),
  ...(deletePrevious ? [{ kind: 'delete_previous' as const, afterSeconds: 0, pinNotifies: false }] : []),
  ...(deleteAfterSeconds === null
    ? []
    : [{ kind: 'delete_after' as const, afterSeconds: deleteAfterSeconds, pinNotifies: false }]),
];

export type DropReason =
  /** Nothing was sent, so that there is nothing to pin, and what was before stays. */
  | 'nothing_sent'
  | 'no_previous'
  | 'already_deleted'
  /** Telegram deletes no message that is older than 48 hours. */
  | 'too_old';

/** A broadcast as a follow-up sees it. */
export interface FollowedBroadcast {
  readonly state: BroadcastState;
  readonly endedAt: Date | null;
  /** Nothing of it is under way any more, and its totals are written down. */
  readonly isCounted: boolean;
}

/**
 * When a follow-up of a broadcast is due.
 * @returns null while its end isn't known: also of what was cancelled something may be under way
 */
export function dueAfter(
  { state, endedAt, isCounted }: FollowedBroadcast,
  afterSeconds: number,
): Date | null {
  if (!isEnded(state) || !isCounted || endedAt === null) return null;
  return new Date(endedAt.getTime() + afterSeconds * 1_000);
}

const SOONEST_LOOK_MS = 1_000;
const LATEST_LOOK_MS = 60_000;
/** A broadcast that takes an hour is looked at once a minute in the end. */
const LOOKS_OF_AN_AGE = 20;

/** How long a follow-up that can't be carried out yet is left alone: longer, the longer it has waited. */
export const lookAgainMs = (ageMs: number): number =>
  Math.min(LATEST_LOOK_MS, Math.max(SOONEST_LOOK_MS, Math.round(ageMs / LOOKS_OF_AN_AGE)));

const TOO_OLD = `Telegram deletes messages of the last ${RECALLABLE_HOURS} hours only; these stay. Delete them by hand in Telegram.`;
const MAY_NOT: Record<FollowUpKind, string> = {
  pin: 'The bot may not pin there: in Telegram make it an administrator who may pin messages (in a channel: edit messages).',
  delete_previous:
    'The bot may not delete there: in Telegram make it an administrator who may delete messages.',
  delete_after: 'The bot may not delete there: in Telegram make it an administrator who may delete messages.',
};

/**
 * What went wrong, in a sentence that says what to do; null where nothing did or nothing helps.
 * @param reasons of the broadcast that carried it out; null while they aren't counted
 */
export function adviseOn(
  kind: FollowUpKind,
  dropReason: string | null,
  reasons: BroadcastCounts['reasons'] | null,
): string | null {
  const has = (wanted: string) =>
    reasons?.some(({ state, reason }) => reason === wanted && (state === 'failed' || state === 'skipped'));
  if (dropReason === 'too_old' || has('too_old')) return TOO_OLD;
  return has('no_rights') || has('not_deletable') ? MAY_NOT[kind] : null;
}
