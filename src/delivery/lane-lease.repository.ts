import { type DispatcherDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type LanePaceMemory } from './lane-pace.rules.js';
import { type OpenDays } from './open-days.js';

/** A lane as its new owner finds it. */
export interface AcquiredLane {
  readonly epoch: string;
  /** Milliseconds until Telegram's last "retry after" has passed; 0 when it has. */
  readonly restMs: number;
  /** Milliseconds since the last instant at which an owner before could have called. */
  readonly freeMs: number;
  /** False where the owner before didn't let go: it died, or was too slow. What it left open is nobody's. */
  readonly wasLetGo: boolean;
  readonly pace: LanePaceMemory | null;
}

export interface ReleasedLane {
  readonly botNo: string;
  readonly epoch: string;
  /** What the pace leaves to the next owner. */
  readonly pace: LanePaceMemory | undefined;
}

/**
 * Who drives which lane. An owner is one lease of one process, with a number that is never used again; a lane has its owner
 * and an epoch, one more with every time that it is taken.
 */
export class LaneLeaseRepository {
  constructor(
    private readonly database: DispatcherDatabase,
    private readonly days: OpenDays,
  ) {}

  /** @returns the number of a new owner, whose lease runs from now on */
  async begin(leaseMs: number): Promise<string> {
    const [row] = await this.database.queryByKey<{ no: string }>(
      `INSERT INTO lane_owners (until) VALUES (clock_timestamp() + $1 * interval '1 ms') RETURNING no::text`,
      [leaseMs],
    );
    if (!row) throw new Error('INSERT returned no row.');
    return row.no;
  }

  /**
   * Prolongs a lease that still runs; not in line behind whatever else the process asks the database.
   * @returns false where it is over, which it stays
   */
  async prolong(owner: string, leaseMs: number): Promise<boolean> {
    const rows = await this.database.queryByKey(
      `WITH mine AS MATERIALIZED (
         SELECT no FROM lane_owners WHERE no = $1 AND until > clock_timestamp() FOR NO KEY UPDATE)
       UPDATE lane_owners o SET until = clock_timestamp() + $2 * interval '1 ms'
       FROM mine WHERE o.no = mine.no RETURNING o.no`,
      [owner, leaseMs],
    );
    return rows.length > 0;
  }

  /** Ends a lease before its time, so that nobody waits for its end. */
  async end(owner: string): Promise<void> {
    await this.database.queryByKey(
      `UPDATE lane_owners SET until = clock_timestamp() WHERE no = $1 AND until > clock_timestamp()`,
      [owner],
    );
  }

  /** Forgets owners whose leases are over and from whom every lane was taken. */
  forgetEnded(): Promise<void> {
    return this.database.transaction(async (client) => {
      // Two statements: who was taking a lane under one of them is waited for here, and seen there.
      const { rows } = await client.query<{ no: string }>(
        `SELECT no FROM lane_owners WHERE until < clock_timestamp() - interval '1 minute' ORDER BY no FOR UPDATE`,
      );
      await client.query(
        `DELETE FROM lane_owners o WHERE o.no = ANY($1::bigint[])
           AND NOT EXISTS (SELECT FROM lanes WHERE lanes.owner = o.no)`,
        [rows.map(({ no }) => no)],
      );
    });
  }

  /**
   * Takes lanes that nobody holds whose lease still runs, but none of a suspended tenant: what waits in those stays as it
   * is. What we hold and don't drive, since an answer of the database was lost, is ours to take again.
   * @param owner ours; where its own lease is over, nothing is taken
   * @returns for each number, in order, its lane; undefined where somebody holds it, or there is none for us
   */
  async acquire(owner: string, botNumbers: readonly string[]): Promise<(AcquiredLane | undefined)[]> {
    const rows = await this.database.queryByKey<{
      bot_no: string;
      epoch: string;
      rest_ms: number;
      free_ms: number;
      was_let_go: boolean;
      pace: LanePaceMemory | null;
    }>(
      `WITH ours AS MATERIALIZED (
         SELECT no FROM lane_owners WHERE no = $2 AND until > clock_timestamp() FOR KEY SHARE
       ), free AS MATERIALIZED (
         SELECT l.bot_no, l.owner, l.let_go_at FROM lanes l JOIN tenants t ON t.id = l.tenant_id
         WHERE l.bot_no = ANY($1::bigint[]) AND t.state = 'active'
           AND (l.owner IS NULL OR l.owner = $2
             OR NOT EXISTS (SELECT FROM lane_owners o WHERE o.no = l.owner AND o.until > clock_timestamp()))
         ORDER BY l.bot_no FOR UPDATE OF l
       ), ended AS MATERIALIZED (
         -- Looks once more, at the newest row: and an owner's last intents are committed before this, or never.
         SELECT o.no, coalesce(o.ended_at, o.until) AS ended_at FROM lane_owners o
         -- As an array, so that all lanes are locked before any owner: else two such statements wait in a circle.
         WHERE o.no = ANY (ARRAY(SELECT owner FROM free)) AND o.until < clock_timestamp() ORDER BY o.no FOR UPDATE
       ), over AS (
         -- What was over stays over, also where the database's clock is put back.
         UPDATE lane_owners o SET until = '-infinity', ended_at = ended.ended_at
         FROM ended WHERE o.no = ended.no AND o.until > '-infinity'
       )
       UPDATE lanes l SET owner = ours.no, epoch = l.epoch + 1
       FROM ours CROSS JOIN free LEFT JOIN ended ON ended.no = free.owner
       WHERE l.bot_no = free.bot_no AND (free.owner IS NULL OR free.owner = ours.no OR ended.no IS NOT NULL)
       RETURNING l.bot_no::text, l.epoch::text, free.owner IS NULL AS was_let_go, l.pace,
         greatest(0, ceil(extract(epoch FROM l.rest_until - clock_timestamp()) * 1000))::float8 AS rest_ms,
         -- A lane that was never driven has been free for ever.
         least(1e12, greatest(0, extract(epoch FROM clock_timestamp() - CASE
           WHEN free.owner IS NULL THEN free.let_go_at
           ELSE coalesce(ended.ended_at, clock_timestamp()) END) * 1000))::float8 AS free_ms`,
      [botNumbers, owner],
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
   * What stands open up to an epoch under which nothing is under way any more is beyond anybody's knowledge: unknown, unless
   * the broadcast asks for one more try and had none (what is open has a reason where a try before may have arrived). What an owner before us left runs after our epoch is committed, so that no older
   * intent can follow.
   */
  async closeOpenAttempts(botNo: string, epoch: string, resendAfterMs: number): Promise<number> {
    const [row] = await this.database.query<{ closed: string }>(
      `WITH closed AS (
         UPDATE deliveries d
         SET state = CASE WHEN resend.is_chosen THEN 0 ELSE 4 END, is_open = resend.is_chosen,
             reason = 'owner_lost',
             settled_at = CASE WHEN resend.is_chosen THEN NULL ELSE clock_timestamp() END,
             not_before = CASE WHEN resend.is_chosen THEN clock_timestamp() + $3 * interval '1 ms' ELSE d.not_before END
         FROM deliveries o
         CROSS JOIN LATERAL (SELECT o.class = 1 AND o.reason IS NULL AND EXISTS (
           SELECT FROM broadcasts b WHERE b.no = o.source_no AND b.ambiguity_policy = 'resend_once') AS is_chosen) AS resend
         WHERE o.planned_on = ANY($4::date[]) AND o.bot_no = $1 AND o.is_open AND o.state = 1 AND o.epoch <= $2
           AND d.planned_on = ANY($4::date[]) AND d.planned_on = o.planned_on AND d.class = o.class AND d.source_no = o.source_no AND d.chat_no = o.chat_no
           AND d.state = o.state AND d.epoch = o.epoch
         RETURNING 1)
       SELECT count(*) AS closed FROM closed`,
      [botNo, epoch, resendAfterMs, await this.days.find(0)],
    );
    return Number(row?.closed ?? 0);
  }

  /** The lanes that an owner has, with their epochs. */
  async findOwned(owner: string): Promise<Map<string, string>> {
    const rows = await this.database.queryByKey<{ bot_no: string; epoch: string }>(
      `SELECT bot_no::text, epoch::text FROM lanes WHERE owner = $1`,
      [owner],
    );
    return new Map(rows.map(({ bot_no: botNo, epoch }) => [botNo, epoch]));
  }

  /** Of these tenants, those that are suspended now. */
  async findSuspended(tenantIds: readonly TenantId[]): Promise<Set<TenantId>> {
    const rows = await this.database.queryByKey<{ id: TenantId }>(
      `SELECT id FROM tenants WHERE id = ANY($1::uuid[]) AND state = 'suspended'`,
      [tenantIds],
    );
    return new Set(rows.map((row) => row.id));
  }

  /**
   * Lets lanes go: everything that left is settled, so the next owners need not wait. Not under a lease that is over: then
   * the next owner looks for what was left open.
   * @returns those that were let go
   */
  async release(owner: string, lanes: readonly ReleasedLane[]): Promise<Set<string>> {
    const rows = await this.database.queryByKey<{ bot_no: string }>(
      `WITH mine AS MATERIALIZED (
         SELECT l.bot_no, held.pace
         FROM unnest($1::bigint[], $2::bigint[], $3::jsonb[]) AS held(bot_no, epoch, pace)
         JOIN lanes l ON l.bot_no = held.bot_no AND l.epoch = held.epoch
         WHERE l.owner = $4 AND EXISTS (SELECT FROM lane_owners o WHERE o.no = $4 AND o.until > clock_timestamp())
         ORDER BY l.bot_no FOR NO KEY UPDATE OF l)
       UPDATE lanes l SET owner = NULL, let_go_at = clock_timestamp(), pace = mine.pace
       FROM mine WHERE l.bot_no = mine.bot_no RETURNING l.bot_no::text`,
      [
        lanes.map(({ botNo }) => botNo),
        lanes.map(({ epoch }) => epoch),
        lanes.map(({ pace }) => (pace === undefined ? null : JSON.stringify(pace))),
        owner,
      ],
    );
    return new Set(rows.map(({ bot_no: botNo }) => botNo));
  }

  /**
   * Notes for every process that the bot rests, and why its next owner must be slower: what Telegram said holds whoever
   * heard it, but how fast to go is the owner's to say.
   */
  async noteRest(
    botNo: string,
    epoch: string,
    restMs: number,
    pace: LanePaceMemory | undefined,
  ): Promise<void> {
    await this.database.query(
      `UPDATE lanes SET rest_until = greatest(rest_until, clock_timestamp() + $3 * interval '1 ms'),
         pace = CASE WHEN epoch = $2 AND owner IS NOT NULL THEN $4 ELSE pace END
       WHERE bot_no = $1`,
      [botNo, epoch, restMs, pace === undefined ? null : JSON.stringify(pace)],
    );
  }
}
