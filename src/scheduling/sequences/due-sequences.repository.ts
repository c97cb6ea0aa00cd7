import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type TenantId } from '../../platform/identity/index.js';

/** A sequence in which somebody is due, or everybody is to be timed again. */
export interface DueSequence {
  readonly no: string;
  readonly tenantId: TenantId;
  readonly isRetimed: boolean;
}

/** Active sequences and who is due first in each; ordered, since that leaps to the one row of an index. */
const ACTIVE = `sequences s JOIN tenants t ON t.id = s.tenant_id AND t.state = 'active'
  LEFT JOIN LATERAL (SELECT e.due_at FROM enrollments e WHERE e.sequence_no = s.no AND e.due_at IS NOT NULL
    ORDER BY e.due_at LIMIT 1) AS soonest ON true WHERE s.state = 'active'`;

/**
 * Sequences of all tenants that have work. One look at an index for each active sequence, however many people are in it;
 * those that are paused, or whose tenant is suspended, cost nothing.
 */
@Injectable()
export class DueSequencesRepository {
  constructor(private readonly database: DispatcherDatabase) {}

  findDue(): Promise<DueSequence[]> {
    return this.database.query<DueSequence>(
      `SELECT s.no::text AS no, s.tenant_id AS "tenantId", s.retime_after IS NOT NULL AS "isRetimed" FROM ${ACTIVE}
         AND (s.retime_after IS NOT NULL OR soonest.due_at <= (SELECT clock_timestamp())) ORDER BY s.no`,
    );
  }

  /** By the database's clock; Infinity where nobody waits. */
  async msUntilNextDue(): Promise<number> {
    const [row] = await this.database.query<{ ms: number | null }>(
      `SELECT (extract(epoch FROM min(soonest.due_at) - clock_timestamp()) * 1000)::float8 AS ms FROM ${ACTIVE}`,
    );
    return row?.ms ?? Infinity;
  }
}
