/** Queue of wakes: a bot's lane has deliveries; keyed by the bot's number. */
export const LANES = 'lanes';
/** Enough to share a job's cost, few enough that a thousand lanes spread over many workers. */
export const LANES_PER_JOB = 50;
/** Queue of wakes: a broadcast's deliveries are not all planned; keyed by the broadcast's number. */
export const PLANS = 'plans';
/** What is due in one second is woken in a few jobs: on PostgreSQL a job costs more than the start of its broadcast. */
export const PLANS_PER_JOB = 50;
/** PostgreSQL channel: lanes that are being driven have more; the payload is bots' numbers, comma-separated. */
export const LANES_CHANNEL = 'arauto_lanes';
/** PostgreSQL channel: lanes that are being driven have answers to people, which pass what waits; payload as above. */
export const ANSWERS_CHANNEL = 'arauto_answers';
/** PostgreSQL channel: a broadcast was paused or ended; the payload is its number. */
export const BROADCASTS_CHANNEL = 'arauto_broadcasts';
/** PostgreSQL channel: a tenant was suspended; the payload is its id. */
export const TENANTS_CHANNEL = 'arauto_tenants';
/** PostgreSQL channel: a bot's state or token changed; the payload is its number. */
export const BOTS_CHANNEL = 'arauto_bots';
/** PostgreSQL channel: lanes stand in line for places of a process; others that have some may take them. */
export const RELIEF_CHANNEL = 'arauto_relief';
