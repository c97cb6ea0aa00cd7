import { codeOfState } from './delivery.rules.js';

export const BROADCAST_STATES = [
  'planning',
  'sending',
  'paused',
  'finished',
  'cancelled',
  'stopped',
] as const;
export type BroadcastState = (typeof BROADCAST_STATES)[number];
export type EndedState = 'finished' | 'cancelled' | 'stopped';

/** What the deliveries of a broadcast do: a test is a send to one chat, ahead of others; changes need a target. */
const CHANGE_KINDS = ['edit', 'recall', 'pin'] as const;
export const BROADCAST_KINDS = ['send', 'test', ...CHANGE_KINDS] as const;
export type BroadcastKind = (typeof BROADCAST_KINDS)[number];
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export const isChange = (kind: BroadcastKind): kind is ChangeKind =>
  (CHANGE_KINDS as readonly BroadcastKind[]).includes(kind);

/** Telegram deletes no message that is older. */
export const RECALLABLE_HOURS = 48;

/** States, in SQL, in which a broadcast's deliveries may leave. */
export const GOING_ON = `('planning', 'sending')`;
/** States, in SQL, after which something may still leave. */
export const UNENDED = `('planning', 'sending', 'paused')`;

export const isEnded = (state: BroadcastState): state is EndedState =>
  state === 'finished' || state === 'cancelled' || state === 'stopped';

/**
 * SQL that closes a queued delivery `d` without another try. A queued one has a reason only where a try before may have
 * arrived; then it is unknown, and a late answer is still believed.
 *
 * @param state code of the state for those that surely did not leave
 * @param reason SQL of their reason
 */
export const closeQueued = (state: number, reason: string): string =>
  `state = CASE WHEN d.reason IS NULL THEN ${state} ELSE ${codeOfState('unknown')} END, is_open = false, reason = coalesce(d.reason, ${reason}),
   settled_at = clock_timestamp()`;

/** An open delivery of a broadcast, in the words of the index `deliveries_left`; any others would read the whole day. */
export const IS_LEFT = 'CASE WHEN is_open THEN class END = 1';
