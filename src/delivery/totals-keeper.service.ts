import { Injectable, Logger } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { Outbox } from '../webhooks/index.js';
import { type EndedState, IS_LEFT } from './broadcast.rules.js';
import { ReportRepository } from './report.repository.js';
import { type BroadcastTotals } from './report.rules.js';

/** An ended broadcast whose totals are not written down, or no longer true. */
interface UntoldBroadcast {
  readonly id: string;
  readonly no: string;
  readonly tenant_id: TenantId;
  readonly planned_on: string;
  readonly due_at: Date;
  readonly state: EndedState;
  readonly state_reason: string | null;
  readonly ended_at: Date;
  readonly is_announced: boolean;
  /** Of the row as it was read: another once anybody has written it. */
  readonly version: string;
}

const UNTOLD = `ended_at IS NOT NULL AND NOT are_totals_true
  AND NOT EXISTS (SELECT FROM deliveries d WHERE d.planned_on = b.planned_on AND d.source_no = b.no AND ${IS_LEFT})`;
/** Looked at once; the others by the next sweep. */
const MOST = 100;
/** Late answers are few. */
const MOST_COUNTS = 3;

type CountingLock = 'pg_advisory_xact_lock' | 'pg_try_advisory_xact_lock';

/**
 * Writes down what became of a broadcast once nothing of it is under way, so that its report outlives its deliveries,
 * and tells the tenant's webhooks. A late answer makes the totals untrue (see the journal); then they are counted again.
 */
@Injectable()
export class TotalsKeeper {
  private readonly logger = new Logger('TotalsKeeper');

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly reports: ReportRepository,
    private readonly outbox: Outbox,
  ) {}

  /** Keeps the totals of those among these broadcasts that have ended with nothing left. */
  async keep(numbers: readonly string[]): Promise<void> {
    const rows = await this.database.query<{ no: string }>(
      `SELECT no::text FROM broadcasts b WHERE no = ANY($1::bigint[]) AND ${UNTOLD} ORDER BY no`,
      [numbers],
    );
    for (const { no } of rows) await this.keepOne(no);
  }

  /** For the sweep: whatever nobody wrote down. */
  async keepForgotten(): Promise<void> {
    const rows = await this.database.query<{ no: string }>(
      `SELECT no::text FROM broadcasts b WHERE ${UNTOLD} ORDER BY no LIMIT ${MOST}`,
    );
    for (const { no } of rows) await this.keepOne(no);
  }

  /**
   * Keeps the totals of a day, whose deliveries are to go.
   * @returns whether all of them are kept
   */
  async keepDay(day: string): Promise<boolean> {
    const rows = await this.database.query<{ no: string }>(
      `SELECT no::text FROM broadcasts b WHERE planned_on = $1 AND ${UNTOLD} ORDER BY no`,
      [day],
    );
    for (const { no } of rows) await this.keepOne(no, 'pg_advisory_xact_lock');
    const left = await this.database.query(
      'SELECT FROM broadcasts WHERE planned_on = $1 AND NOT are_totals_true LIMIT 1',
      [day],
    );
    return left.length === 0;
  }

  /**
   * Counting a million deliveries takes seconds and holds no row meanwhile, since a process has one journal for all its
   * lanes and a late answer in it would make them all wait. Where one comes, what was counted isn't written: once more, then.
   *
   * @param lock where another process counts it already, it is left to that one, or waited for
   */
  private async keepOne(no: string, lock: CountingLock = 'pg_try_advisory_xact_lock'): Promise<void> {
    for (let tries = 0; tries < MOST_COUNTS; tries += 1) if (await this.count(no, lock)) return;
    this.logger.warn(
      `the totals of broadcast ${no} changed while they were counted; the sweep counts them again`,
    );
  }

  /** @returns whether nobody needs to count it again now */
  private count(no: string, lock: CountingLock): Promise<boolean> {
    return this.database.transaction(async (client) => {
      const { rows: locks } = await client.query<{ is_ours: boolean }>(
        `SELECT coalesce(${lock}(hashtextextended('totals of broadcast ' || $1, 0))::text, '') <> 'false' AS is_ours`,
        [no],
      );
      if (!locks[0]?.is_ours) return true;
      const { rows } = await client.query<UntoldBroadcast>(
        `SELECT id, no::text, tenant_id, planned_on::text, due_at, state, state_reason, ended_at,
           totals IS NOT NULL AS is_announced, xmin::text AS version
         FROM broadcasts b WHERE no = $1 AND ${UNTOLD}`,
        [no],
      );
      const [broadcast] = rows;
      if (!broadcast) return true;
      const totals = await this.reports.total(
        async <Row>(sql: string, parameters: unknown[]) =>
          (await client.query(sql, parameters)).rows as Row[],
        broadcast,
      );
      const { rowCount } = await client.query(
        `UPDATE broadcasts SET totals = $2, are_totals_true = true WHERE no = $1 AND xmin::text = $3`,
        [no, JSON.stringify(totals), broadcast.version],
      );
      if (rowCount !== 1) return false;
      if (!broadcast.is_announced) await this.announce(client, broadcast, totals);
      return true;
    });
  }

  private announce(
    client: PoolClient,
    broadcast: UntoldBroadcast,
    { counts, statistics }: BroadcastTotals,
  ): Promise<void> {
    return this.outbox.announce(client, broadcast.tenant_id, {
      event: `broadcast.${broadcast.state}`,
      data: {
        broadcastId: broadcast.id,
        endedAt: broadcast.ended_at.toISOString(),
        reason: broadcast.state_reason,
        counts: counts.byState,
        reasons: counts.reasons,
        latenessMs: statistics.latenessMs,
      },
    });
  }
}
