import { type ScheduleView } from '../schedule.dto.js';
import { type ScheduleRow } from '../schedules.repository.js';
import { DEFAULT_GRACE_SECONDS } from './missed-runs.rules.js';
import { viewZones } from './zone-runs.rules.js';

/** A schedule as people see it. */
export const viewSchedule = (row: ScheduleRow): ScheduleView => ({
  id: row.id,
  name: row.name,
  messageId: row.message_id,
  stack: row.recycles === null ? null : { recycle: row.recycles },
  audience: row.audience,
  rule: row.rule,
  timeZone: row.time_zone,
  localTimeOf: row.local_time_of ?? 'tenant',
  zones: row.zone_runs && viewZones(row.zone_runs),
  endsAt: row.ends_at?.toISOString() ?? null,
  exceptDates: row.except_dates?.slice() ?? null,
  within: row.within,
  maxRuns: row.max_runs,
  runs: row.runs ?? 0,
  missedPolicy: row.missed_policy ?? 'latest',
  graceSeconds: row.grace_seconds ?? DEFAULT_GRACE_SECONDS,
  overlapPolicy: row.overlap_policy ?? 'parallel',
  pin: row.pin,
  deletePrevious: row.delete_previous === true,
  deleteAfterSeconds: row.delete_after_seconds,
  state: row.state,
  reason: row.state_reason,
  refusal: row.refusal,
  nextRunAt: row.next_run_at?.toISOString() ?? null,
  lastRunAt: row.last_run_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
