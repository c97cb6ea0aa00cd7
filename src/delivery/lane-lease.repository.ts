import { type DispatcherDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type PaceMemory } from '../telegram/index.js';

/** A lane as its new owner finds it. */
export interface AcquiredLane {
  readonly epoch: string;
  /** Milliseconds until Telegram's last "retry after" has passed; 0 when it has. */
  readonly restMs: number;
  /** Milliseconds since the last instant at which an owner before could have called. */
  readonly freeMs: number;
  /** False where the owner before didn't let go: it died, or was too slow. What it left open is nobody's. */
  readonly wasLetGo: boolean;
  readonly pace: PaceMemory | null;
}

export interface ReleasedLane {
  readonly botNo: string;
  readonly epoch: string;
  /** What the pace leaves to the next owner. */
  readonly pace: PaceMemory | undefined;
}

/** The lease of lanes: owner (one start of one process), epoch (one more with every owner) and until. */
export class LaneLeaseRepository {
  constructor(
    private readonly database: DispatcherDatabase,
    private readonly owner: string,
  ) {}

  /**
   * Takes lanes that nobody holds, but none of a suspended tenant: what waits in those stays as it is.
   * @returns for each number, in order, its lane; undefined where somebody holds it, or there is none for us
   */
  async acquire(botNumbers: readonly string[], leaseMs: number): Promise<(AcquiredLane | undefined)[]> {
    const rows = await this.database.queryByKey<{
      bot_no: string;
      epoch: string;
      rest_ms: number;
      free_ms: number;
      was_let_go: boolean;
      pace: PaceMemory | null;
    }>(
      `WITH free AS MATERIALIZED (
         SELECT l.bot_no, l.owner, l.until FROM lanes l JOIN tenants t ON t.id = l.tenant_id
         WHERE l.bot_no = ANY($1::bigint[]) AND (l.owner IS NULL OR l.until < clock_timestamp())
           AND t.state = 'active'
         ORDER BY l.bot_no FOR UPDATE OF l)
       UPDATE lanes l SET owner = $2, epoch = l.epoch + 1, until = clock_timestamp() + $3 * interval '1 ms'
       FROM free WHERE l.bot_no = free.bot_no
       RETURNING l.bot_no::text, l.epoch::text, free.owner IS NULL AS was_let_go, l.pace,
         greatest(0, ceil(extract(epoch FROM l.rest_until - clock_timestamp()) * 1000))::float8 AS rest_ms,
         -- A lane that was never driven has been free for ever.
         least(1e12, greatest(0, extract(epoch FROM clock_timestamp() - free.until) * 1000))::float8 AS free_ms`,
      [botNumbers, this.owner, leaseMs],
    );
    const taken = new Map(
      rows.map((row) => [
        row.bot_no,
        {
          epoch: row.epoch,
          restMs: row.rest_ms,
          freeMs: row.free_ms,
          wasLetGo: row.was_let_go,
          pace: row.pace,
        },
      ]),
    );
    return botNumbers.map((botNo) => taken.get(botNo));
  }

  /**
   * What an owner before us left open is beyond anybody's knowledge: unknown, unless the broadcast asks for one more
   * try. Runs after the new epoch is committed, so that no older intent can follow.
   */
  async closeOpenAttempts(botNo: string, epoch: string, resendAfterMs: number): Promise<number> {
    const [row] = await this.database.query<{ closed: string }>(
      `WITH closed AS (
         UPDATE deliveries d
         SET state = CASE WHEN resend.is_chosen THEN 0 ELSE 4 END, is_open = resend.is_chosen,
             reason = CASE WHEN resend.is_chosen THEN NULL ELSE 'owner_lost' END,
             settled_at = CASE WHEN resend.is_chosen THEN NULL ELSE clock_timestamp() END,
             not_before = CASE WHEN resend.is_chosen THEN clock_timestamp() + $3 * interval '1 ms' ELSE d.not_before END
         FROM deliveries o
         CROSS JOIN LATERAL (SELECT o.class = 1 AND o.attempt = 1 AND EXISTS (
           SELECT FROM broadcasts b WHERE b.no = o.source_no AND b.ambiguity_policy = 'resend_once') AS is_chosen) AS resend
         WHERE o.bot_no = $1 AND o.is_open AND o.state = 1 AND o.epoch < $2
           AND d.planned_on = o.planned_on AND d.class = o.class AND d.source_no = o.source_no AND d.chat_no = o.chat_no
           AND d.state = 1 AND d.epoch = o.epoch
         RETURNING 1)
       SELECT count(*) AS closed FROM closed`,
      [botNo, epoch, resendAfterMs],
    );
    return Number(row?.closed ?? 0);
  }

  /**
   * Prolongs leases that are still ours; not in line behind whatever else the process asks the database.
   * @returns the lanes that are; the others are lost
   */
  async renew(lanes: readonly { botNo: string; epoch: string }[], leaseMs: number): Promise<Set<string>> {
    const rows = await this.database.queryByKey<{ bot_no: string }>(
      `WITH mine AS MATERIALIZED (
         -- In the order in which the journal locks them too, or the two wait for each other.
         SELECT l.bot_no FROM unnest($1::bigint[], $2::bigint[]) AS held(bot_no, epoch)
         JOIN lanes l ON l.bot_no = held.bot_no AND l.epoch = held.epoch
         WHERE l.owner = $3 AND l.until > clock_timestamp()
         ORDER BY l.bot_no FOR NO KEY UPDATE OF l)
       UPDATE lanes l SET until = clock_timestamp() + $4 * interval '1 ms'
       FROM mine WHERE l.bot_no = mine.bot_no RETURNING l.bot_no::text`,
      [lanes.map((lane) => lane.botNo), lanes.map((lane) => lane.epoch), this.owner, leaseMs],
    );
    return new Set(rows.map((row) => row.bot_no));
  }

  /** Of these tenants, those that are suspended now. */
  async findSuspended(tenantIds: readonly TenantId[]): Promise<Set<TenantId>> {
    const rows = await this.database.queryByKey<{ id: TenantId }>(
      `SELECT id FROM tenants WHERE id = ANY($1::uuid[]) AND state = 'suspended'`,
      [tenantIds],
    );
    return new Set(rows.map((row) => row.id));
  }

  /** Lets lanes go: everything that left is settled, so the next owners need not wait. */
  async release(lanes: readonly ReleasedLane[]): Promise<void> {
    await this.database.queryByKey(
      `WITH mine AS MATERIALIZED (
         SELECT l.bot_no, held.pace
         FROM unnest($1::bigint[], $2::bigint[], $3::jsonb[]) AS held(bot_no, epoch, pace)
         JOIN lanes l ON l.bot_no = held.bot_no AND l.epoch = held.epoch
         WHERE l.owner = $4
         ORDER BY l.bot_no FOR NO KEY UPDATE OF l)
       UPDATE lanes l SET owner = NULL, until = clock_timestamp(), pace = mine.pace
       FROM mine WHERE l.bot_no = mine.bot_no`,
      [
        lanes.map(({ botNo }) => botNo),
        lanes.map(({ epoch }) => epoch),
        lanes.map(({ pace }) => (pace === undefined ? null : JSON.stringify(pace))),
        this.owner,
      ],
    );
  }

  /** Notes for every process that the bot rests, and why its next owner must be slower. */
  async noteRest(botNo: string, restMs: number, pace: PaceMemory | undefined): Promise<void> {
    await this.database.query(
      `UPDATE lanes SET rest_until = greatest(rest_until, clock_timestamp() + $2 * interval '1 ms'), pace = $3
       WHERE bot_no = $1`,
      [botNo, restMs, pace === undefined ? null : JSON.stringify(pace)],
    );
  }
}
