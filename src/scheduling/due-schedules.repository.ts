import { Injectable } from '@nestjs/common';
import { AudienceService, zonesOf } from '../audience/index.js';
import { type PoolClient } from 'pg';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { DispatcherDatabase, LOOK_UP_BY_KEY } from '../platform/database/index.js';
import { asTenantId, type TenantId } from '../platform/identity/index.js';
import { DEFAULT_GRACE_SECONDS, type DecidedRun, type RunPolicy } from './rules/missed-runs.rules.js';
import { type Timing } from './rules/schedule.rules.js';
import { type ScheduleChoice, timingOf, type TimingRow } from './rules/schedule-choice.rules.js';
import { type ZoneRuns } from './rules/zone-runs.rules.js';

/** A schedule whose time has come, as it stands in the database: nothing about its rule is certain. */
export interface DueSchedule {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly isTenantActive: boolean;
  readonly timing: Timing;
  readonly policy: RunPolicy;
  readonly dueAt: Date;
  /** Where it stands in each zone, and in which zones chats live now; null for a schedule in one zone. */
  readonly local: { readonly known: ZoneRuns; readonly zones: readonly string[] } | null;
  /** Why it could not be read whole. */
  readonly fault?: Error;
}

/** What a ticker decided about a due schedule. */
export interface DueDecision {
  readonly schedule: DueSchedule;
  readonly runs: readonly (DecidedRun & { readonly timeZone?: string })[];
  readonly nextRunAt: Date | null;
  /** Given where it runs in many zones. */
  readonly zoneRuns?: ZoneRuns;
  /** Given where the schedule ends. */
  readonly endReason?: 'completed' | 'unreadable_rule';
}

export interface WaitingOccurrence {
  readonly id: string;
  readonly tenantId: TenantId;
}

/** Where one is among all that wait: by the instant until which it does, to the microsecond, and its id. */
export interface WaitingPosition extends WaitingOccurrence {
  readonly retryAt: string;
}

const LEAST_UUID = '00000000-0000-0000-0000-000000000000';

interface DueRow extends TimingRow, Pick<ScheduleChoice, 'audience' | 'local_time_of' | 'zone_runs'> {
  id: string;
  tenant_id: string;
  tenant_state: string;
  tenant_time_zone: string;
  max_runs: number | null;
  runs: number | null;
  missed_policy: RunPolicy['missedPolicy'] | null;
  grace_seconds: number | null;
  next_run_at: Date;
  now: Date;
}
interface OccurrenceKey {
  id: string;
  tenant_id: string;
}

/** Due schedules of all tenants. */
@Injectable()
export class DueSchedulesRepository {
  constructor(
    private readonly database: DispatcherDatabase,
    private readonly audience: AudienceService,
    private readonly clocks: ClockWatch,
  ) {}

  /**
   * Takes due schedules that no other process has in hand, and in one transaction records what `decide` makes of each:
   * its occurrences and its next due time. Nothing is due by a clock that this process's own doesn't agree with.
   *
   * @param decide gets the database's clock; must not throw
   * @returns how many were taken, and which occurrences can start
   */
  claimDue(
    limit: number,
    decide: (schedule: DueSchedule, now: Date) => DueDecision,
  ): Promise<{ taken: number; waiting: WaitingOccurrence[] }> {
    return this.database.transaction(async (client) => {
      // A ticker that was busy finds tables that outgrew their statistics, and would read them whole for each batch.
      await client.query(LOOK_UP_BY_KEY);
      const mayBeginBy = this.clocks.beginReading();
      // In a subquery the volatile clock is read once, so that the index on due times bounds the scan.
      const { rows } = await client.query<DueRow>(
        `SELECT s.id, s.tenant_id, t.state AS tenant_state, t.time_zone AS tenant_time_zone, s.rule, s.time_zone, s.ends_at,
                s.except_dates::text[] AS except_dates, s.within, s.max_runs, s.runs, s.missed_policy, s.grace_seconds,
                s.next_run_at, s.local_time_of, s.zone_runs,
                CASE WHEN s.local_time_of IS NOT NULL THEN s.audience END AS audience, clock_timestamp() AS now
           FROM schedules s JOIN tenants t ON t.id = s.tenant_id
          WHERE s.state = 'active' AND s.next_run_at <= (SELECT clock_timestamp())
          ORDER BY s.next_run_at LIMIT $1 FOR UPDATE OF s SKIP LOCKED`,
        [limit],
      );
      if (rows[0] === undefined || !mayBeginBy(rows[0].now)) return { taken: 0, waiting: [] };
      const zonesOfRow = await this.findZones(client, rows);
      const decisions = rows.map((row) => decide(readDueSchedule(row, zonesOfRow), row.now));
      const runs = decisions.flatMap(({ schedule, runs }) => runs.map((run) => ({ schedule, ...run })));
      const inserted = await client.query<OccurrenceKey & { state: string }>(
        `INSERT INTO occurrences (tenant_id, schedule_id, due_at, time_zone, state, reason)
         SELECT run.tenant_id, run.schedule_id, run.due_at, run.time_zone,
                CASE WHEN run.reason IS NULL THEN 'waiting' ELSE 'skipped' END, run.reason
           FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[])
                AS run (tenant_id, schedule_id, due_at, reason, time_zone)
         ON CONFLICT (schedule_id, due_at, time_zone) DO NOTHING RETURNING id, tenant_id, state`,
        [
          runs.map((run) => run.schedule.tenantId),
          runs.map((run) => run.schedule.id),
          runs.map((run) => run.dueAt),
          runs.map((run) => run.skipReason ?? null),
          runs.map((run) => run.timeZone ?? ''),
        ],
      );
      await client.query(
        `UPDATE schedules s
            SET next_run_at = d.next_run_at,
                last_run_at = coalesce(d.last_run_at, s.last_run_at),
                zone_runs = coalesce(d.zone_runs, s.zone_runs),
                runs = nullif(coalesce(s.runs, 0) + d.started, 0),
                state = CASE WHEN d.end_reason IS NULL THEN s.state ELSE 'ended' END,
                state_reason = d.end_reason
           FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::int[], $6::jsonb[])
                AS d (id, next_run_at, last_run_at, end_reason, started, zone_runs)
          WHERE s.id = d.id`,
        [
          decisions.map(({ schedule }) => schedule.id),
          decisions.map(({ nextRunAt }) => nextRunAt),
          decisions.map(({ runs }) => runs.filter(isStarted).at(-1)?.dueAt ?? null),
          decisions.map(({ endReason }) => endReason ?? null),
          decisions.map(({ runs }) => runs.filter(isStarted).length),
          decisions.map(({ zoneRuns }) => (zoneRuns ? JSON.stringify(zoneRuns) : null)),
        ],
      );
      return { taken: rows.length, waiting: inserted.rows.filter(isWaiting).map(toWaiting) };
    });
  }

  /** @returns what gives the zones of a row's audience; null for a schedule in one zone */
  private async findZones(
    client: PoolClient,
    rows: readonly DueRow[],
  ): Promise<(row: DueRow) => readonly string[] | null> {
    const tenantIds = rows.flatMap((row) => (row.local_time_of ? [asTenantId(row.tenant_id)] : []));
    const bots =
      tenantIds.length > 0 ? await this.audience.findZonesOfBots(client, [...new Set(tenantIds)]) : [];
    return ({ tenant_id: tenantId, tenant_time_zone: timeZone, local_time_of: of, audience }) => {
      if (of === null) return null;
      const zones = zonesOf(
        bots.filter((bot) => bot.tenantId === tenantId),
        audience,
        of,
      );
      return zones.length > 0 ? zones : [timeZone];
    };
  }

  /** What could not start for so long would come as a surprise. @returns how many were given up */
  async failWaiting(afterSeconds: number): Promise<number> {
    const rows = await this.database.query(
      `UPDATE occurrences SET state = 'failed', reason = 'could_not_start'
        WHERE state = 'waiting' AND retry_at < clock_timestamp() - make_interval(secs => $1) RETURNING id`,
      [afterSeconds],
    );
    return rows.length;
  }

  /**
   * Occurrences that nobody started, because a process died in between or could not, and those that were held until now.
   *
   * @param until of the database's clock
   * @param after the last one of the page before
   */
  async findWaiting(limit: number, until: string, after?: WaitingPosition): Promise<WaitingPosition[]> {
    const rows = await this.database.query<OccurrenceKey & { retry_at: string }>(
      `SELECT id, tenant_id, retry_at::text FROM occurrences
        WHERE state = 'waiting' AND retry_at <= $2 AND retry_at >= $3 AND (retry_at, id) > ($3, $4)
        ORDER BY retry_at, id LIMIT $1`,
      [limit, until, after?.retryAt ?? '-infinity', after?.id ?? LEAST_UUID],
    );
    return rows.map((row) => ({ ...toWaiting(row), retryAt: row.retry_at }));
  }

  /** By the database's clock, until the first schedule is due; Infinity where none is. */
  async msUntilNextDue(): Promise<number> {
    const [row] = await this.database.query<{ ms: number | null }>(
      `SELECT (extract(epoch FROM next_run_at - clock_timestamp()) * 1000)::float8 AS ms
         FROM schedules WHERE state = 'active' AND next_run_at IS NOT NULL ORDER BY next_run_at LIMIT 1`,
    );
    return row?.ms ?? Infinity;
  }

  /** The same until the first occurrence is to start that is held until later than this instant. */
  async msUntilHeld(since: string): Promise<number> {
    const [row] = await this.database.query<{ ms: number | null }>(
      `SELECT (extract(epoch FROM retry_at - clock_timestamp()) * 1000)::float8 AS ms
         FROM occurrences WHERE state = 'waiting' AND retry_at > $1 ORDER BY retry_at LIMIT 1`,
      [since],
    );
    return row?.ms ?? Infinity;
  }

  /** The database's clock, to the microsecond. */
  async readClock(): Promise<string> {
    const [row] = await this.database.query<{ now: string }>('SELECT clock_timestamp()::text AS now');
    if (!row) throw new Error('SELECT returned no row.');
    return row.now;
  }

  /** After the database's clock was set back: what was claimed before would wait for that instant to come again. */
  async cutWaits(): Promise<void> {
    await this.database.query(
      `UPDATE occurrences SET retry_at = clock_timestamp()
        WHERE id IN (SELECT id FROM occurrences
                      WHERE state = 'waiting' AND reason IS NULL AND retry_at > clock_timestamp() + interval '5 seconds'
                      ORDER BY id FOR UPDATE)`,
    );
  }
}

/** One bad row says what is wrong with it, and stops no other. */
function readDueSchedule(row: DueRow, zonesOf: (row: DueRow) => readonly string[] | null): DueSchedule {
  try {
    return toDueSchedule(row, zonesOf(row));
  } catch (fault) {
    return { ...toDueSchedule(row, null), fault: new Error('The row can not be read.', { cause: fault }) };
  }
}

const toDueSchedule = (row: DueRow, zones: readonly string[] | null): DueSchedule => ({
  id: row.id,
  tenantId: asTenantId(row.tenant_id),
  isTenantActive: row.tenant_state === 'active',
  timing: timingOf(row),
  policy: {
    missedPolicy: row.missed_policy ?? 'latest',
    graceSeconds: row.grace_seconds ?? DEFAULT_GRACE_SECONDS,
    // In many zones each counts its own.
    runsLeft: row.max_runs === null ? Infinity : row.max_runs - (zones ? 0 : (row.runs ?? 0)),
  },
  dueAt: row.next_run_at,
  local: zones && { known: row.zone_runs ?? {}, zones },
});

const isStarted = (run: DecidedRun): boolean => run.skipReason === undefined;
const isWaiting = (row: { state: string }): boolean => row.state === 'waiting';
const toWaiting = (row: OccurrenceKey): WaitingOccurrence => ({
  id: row.id,
  tenantId: asTenantId(row.tenant_id),
});
