import { type DispatcherDatabase } from '../platform/database/index.js';
import { closeQueued, GOING_ON } from './broadcast.rules.js';
import { codeOfState, DELIVERY_CLASS, type DeliveryClass, type Settlement } from './delivery.rules.js';

/** The key of a row of `deliveries`; the numbers are text as PostgreSQL's bigints come. */
export interface DeliveryKey {
  /** Day of the partition, YYYY-MM-DD. */
  readonly plannedOn: string;
  readonly class: DeliveryClass;
  readonly sourceNo: string;
  readonly chatNo: string;
}

export const deliveryKey = (delivery: Omit<DeliveryKey, 'plannedOn'>): string =>
  `${delivery.class}:${delivery.sourceNo}:${delivery.chatNo}`;

/** One try of one delivery by one owner of its lane: what (epoch, attempt) name for ever. */
export interface Attempt extends DeliveryKey {
  /** Number of the lease under which the lane is driven. */
  readonly owner: string;
  readonly epoch: string;
  readonly attempt: number;
}

export interface SettledAttempt {
  readonly attempt: Attempt;
  readonly settlement: Settlement;
}

/**
 * Writes intents and settlements of one day, grouped over all lanes of the process, in one statement.
 *
 * Fenced: the owners' rows are locked where their leases still run, and nothing is marked for others. A lane changes hands
 * only when its owner's lease is over, and that waits for this lock: so whose the lane is need not be looked up. Of a broadcast that was paused or ended nothing is marked any more, whatever was read ahead of it.
 * Repeatable: an intent that was committed although its answer was lost is found and returned again.
 *
 * Its plan must not hang on statistics. So `IS TRUE` has the owners and the broadcasts hashed once instead of joined; and
 * `CASE` keeps the states out of what is known before a row is found: where the statistics had a day all settled, three rows
 * seemed to be left of 49,000, and each of these was held against every settlement (9 s).
 */
const RECORD = `
WITH held AS MATERIALIZED (
  -- The lock that prolonging a lease doesn't wait for, and ending it does.
  SELECT no FROM lane_owners WHERE no = ANY($2::bigint[]) AND until > clock_timestamp() ORDER BY no FOR KEY SHARE
), going_on AS MATERIALIZED (
  SELECT no FROM broadcasts WHERE no = ANY($3::bigint[]) AND state IN ${GOING_ON}
), intended AS (
  UPDATE deliveries d
  SET state = 1, epoch = i.epoch, attempt = i.attempt, sending_at = clock_timestamp()
  FROM unnest($4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::smallint[])
       WITH ORDINALITY AS i(class, source_no, chat_no, owner, epoch, attempt, n)
  WHERE d.planned_on = $1 AND d.class = i.class AND d.source_no = i.source_no AND d.chat_no = i.chat_no
    AND (i.owner IN (SELECT no FROM held)) IS TRUE
    AND CASE d.state
      WHEN 0 THEN d.attempt = i.attempt - 1
        AND (i.class = ${DELIVERY_CLASS.reply} OR (i.source_no IN (SELECT no FROM going_on)) IS TRUE)
      WHEN 1 THEN d.epoch = i.epoch AND d.attempt = i.attempt
    END
  RETURNING i.n
), settled AS (
  UPDATE deliveries d
  SET state = CASE WHEN d.state = 1 AND s.state = 3 AND d.reason IS NOT NULL THEN 4 ELSE s.state END, is_open = s.state = 0,
      -- What is open has a reason only where a try before may have arrived; what becomes of this one can't deny it.
      reason = CASE WHEN d.state = 1 AND s.state IN (0, 3) THEN coalesce(d.reason, s.reason) ELSE s.reason END,
      message_id = coalesce(s.message_id, d.message_id),
      settled_at = CASE WHEN s.state = 0 THEN NULL ELSE clock_timestamp() END,
      not_before = CASE WHEN s.delay_ms > 0 THEN clock_timestamp() + s.delay_ms * interval '1 ms' ELSE d.not_before END
  FROM unnest($10::smallint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::smallint[], $15::smallint[],
              $16::text[], $17::bigint[], $18::float8[])
       AS s(class, source_no, chat_no, epoch, attempt, state, reason, message_id, delay_ms)
  WHERE d.planned_on = $1 AND d.class = s.class AND d.source_no = s.source_no AND d.chat_no = s.chat_no
    AND d.epoch = s.epoch AND d.attempt = s.attempt
    -- A late answer is truer than our "unknown"; but what was given up as unknown is not queued again by it. Where it
    -- waits for one more try that has not begun, it is enough that this one arrived.
    AND CASE d.state WHEN 1 THEN true WHEN 4 THEN s.state <> 0 WHEN 0 THEN s.state = 2 END
  RETURNING d.class, d.source_no, OLD.state = 4 AS was_unknown
), corrected AS (
  -- Whoever counts totals meanwhile finds the row changed, and counts them again.
  UPDATE broadcasts b SET are_totals_true = false FROM settled
  WHERE settled.was_unknown AND settled.class = ${DELIVERY_CLASS.broadcast} AND b.no = settled.source_no
)
SELECT coalesce(array_agg(n::int), '{}') AS fenced FROM intended`;

/** The journal's rows; see docs/sending.md for why each clause is needed. */
export class JournalRepository {
  constructor(private readonly database: DispatcherDatabase) {}

  /**
   * Commits intents and settlements together.
   *
   * @returns for each intent, in order, whether it may leave
   */
  async record(
    day: string,
    intents: readonly Attempt[],
    settlements: readonly SettledAttempt[],
  ): Promise<boolean[]> {
    const [row] = await this.database.queryByKey<{ fenced: number[] }>(RECORD, [
      day,
      numbers([...new Set(intents.map((intent) => intent.owner))]),
      numbers([...new Set(intents.filter(isOfBroadcast).map((intent) => intent.sourceNo))]),
      numbers(intents.map((intent) => intent.class)),
      numbers(intents.map((intent) => intent.sourceNo)),
      numbers(intents.map((intent) => intent.chatNo)),
      numbers(intents.map((intent) => intent.owner)),
      numbers(intents.map((intent) => intent.epoch)),
      numbers(intents.map((intent) => intent.attempt)),
      numbers(settlements.map(({ attempt }) => attempt.class)),
      numbers(settlements.map(({ attempt }) => attempt.sourceNo)),
      numbers(settlements.map(({ attempt }) => attempt.chatNo)),
      numbers(settlements.map(({ attempt }) => attempt.epoch)),
      numbers(settlements.map(({ attempt }) => attempt.attempt)),
      numbers(settlements.map(({ settlement }) => codeOfState(settlement.state))),
      settlements.map(({ settlement }) => settlement.reason),
      numbers(settlements.map(({ settlement }) => settlement.messageId)),
      numbers(settlements.map(({ settlement }) => settlement.delayMs)),
    ]);
    const mayLeave = new Array<boolean>(intents.length).fill(false);
    for (const n of row?.fenced ?? []) mayLeave[n - 1] = true;
    return mayLeave;
  }

  /** Passes deliveries over without a try, such as to people who pressed /stop since the planning. */
  async skip(day: string, deliveries: readonly (DeliveryKey & { readonly reason: string })[]): Promise<void> {
    await this.database.queryByKey(
      `UPDATE deliveries d SET ${closeQueued('skipped', 's.reason')}
       FROM unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::text[]) AS s(class, source_no, chat_no, reason)
       WHERE d.planned_on = $1 AND d.class = s.class AND d.source_no = s.source_no AND d.chat_no = s.chat_no
         AND CASE d.state WHEN 0 THEN s.chat_no = d.chat_no END`,
      [
        day,
        numbers(deliveries.map((delivery) => delivery.class)),
        numbers(deliveries.map((delivery) => delivery.sourceNo)),
        numbers(deliveries.map((delivery) => delivery.chatNo)),
        deliveries.map((delivery) => delivery.reason),
      ],
    );
  }
}

const isOfBroadcast = (delivery: Pick<DeliveryKey, 'class'>): boolean =>
  delivery.class === DELIVERY_CLASS.broadcast;

/** An array literal of numbers; the driver's own encoding quotes and escapes each, which these never need. */
function numbers(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}
