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

/** States, in SQL, in which a broadcast's deliveries may leave. */
export const GOING_ON = `('planning', 'sending')`;
/** States, in SQL, after which something may still leave. */
export const UNENDED = `('planning', 'sending', 'paused')`;

export const isEnded = (state: BroadcastState): state is EndedState =>
  state === 'finished' || state === 'cancelled' || state === 'stopped';

/** An open delivery of a broadcast, in the words of the index `deliveries_left`; any others would read the whole day. */
export const IS_LEFT = 'CASE WHEN is_open THEN class END = 1';
