/** Queue of wakes: a bot's lane has deliveries; keyed by the bot's number. */
export const LANES = 'lanes';
/** Queue of wakes: a broadcast's deliveries are not all planned; keyed by the broadcast's number. */
export const PLANS = 'plans';
/** PostgreSQL channel: lanes that are being driven have more; the payload is bots' numbers, comma-separated. */
export const LANES_CHANNEL = 'arauto_lanes';
/** PostgreSQL channel: a bot's state or token changed; the payload is its number. */
export const BOTS_CHANNEL = 'arauto_bots';
