import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../platform/database/index.js';
import { asTenantId, type TenantId } from '../platform/identity/index.js';

/** A delivery that is this process's to send, until its lease ends. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly endpointId: string;
}

/** Longer than any attempt may take. */
const LEASE_SECONDS = 60;
/** One endpoint that is slow must not hold up the others of its tenant. */
const MOST_PER_ENDPOINT = 4;
/** A tenant with many slow endpoints must not hold up the other tenants: a quarter of what a process sends at once. */
const MOST_PER_TENANT = 8;

/** Crossing: whoever sends looks for what is due in all tenants. */
@Injectable()
export class WebhookSendingRepository {
  /** Whose turn was the last one. Processes begin at different places, so that they seldom want the same rows. */
  private lastTenantId: string = randomUUID();

  constructor(private readonly database: DispatcherDatabase) {}

  /**
   * Tenants take turns: each gets a second place only once every one that waits has its first, whatever their backlogs.
   *
   * @param underWay what this process sends right now, whose places are taken
   */
  async claim(limit: number, underWay: Iterable<ClaimedDelivery>): Promise<ClaimedDelivery[]> {
    const busy = [...underWay];
    const rows = await this.database.query<ClaimedDelivery & { turn: number }>(CLAIM, [
      limit,
      this.lastTenantId,
      busy.map(({ tenantId }) => tenantId),
      busy.map(({ endpointId }) => endpointId),
    ]);
    const inTurn = rows.toSorted((one, other) => one.turn - other.turn);
    this.lastTenantId = inTurn.at(-1)?.tenantId ?? this.lastTenantId;
    return inTurn.map(({ id, tenantId, endpointId }) => ({ id, tenantId: asTenantId(tenantId), endpointId }));
  }
}

/** Chosen without locks, then taken where no other process was quicker; `place` counts those under way as well. */
const CLAIM = `
  WITH busy AS (SELECT tenant_id, endpoint_id FROM unnest($3::uuid[], $4::uuid[]) AS b (tenant_id, endpoint_id)),
  due AS (
    SELECT d.id, e.tenant_id, d.next_attempt_at,
      (SELECT count(*) FROM busy WHERE busy.endpoint_id = e.id)
        + row_number() OVER (PARTITION BY e.id ORDER BY d.next_attempt_at) AS place_at_endpoint
    FROM webhook_endpoints e JOIN tenants t ON t.id = e.tenant_id AND t.state = 'active'
    CROSS JOIN LATERAL (
      SELECT id, next_attempt_at FROM webhook_deliveries
      WHERE endpoint_id = e.id AND state = 'waiting' AND next_attempt_at <= now()
      ORDER BY next_attempt_at LIMIT ${MOST_PER_ENDPOINT}) AS d
    WHERE e.state = 'enabled'
  ),
  placed AS (
    SELECT id, tenant_id,
      (SELECT count(*) FROM busy WHERE busy.tenant_id = due.tenant_id)
        + row_number() OVER (PARTITION BY tenant_id ORDER BY place_at_endpoint, next_attempt_at) AS place
    FROM due WHERE place_at_endpoint <= ${MOST_PER_ENDPOINT}
  ),
  chosen AS (
    SELECT id, row_number() OVER (ORDER BY place, tenant_id <= $2, tenant_id) AS turn
    FROM placed WHERE place <= ${MOST_PER_TENANT} ORDER BY turn LIMIT $1
  ),
  taken AS (
    SELECT d.id, chosen.turn FROM webhook_deliveries d JOIN chosen ON chosen.id = d.id
    WHERE d.state = 'waiting' AND d.next_attempt_at <= now() FOR UPDATE OF d SKIP LOCKED
  )
  UPDATE webhook_deliveries d SET next_attempt_at = now() + make_interval(secs => ${LEASE_SECONDS})
  FROM taken WHERE d.id = taken.id
  RETURNING d.id, d.tenant_id AS "tenantId", d.endpoint_id AS "endpointId", taken.turn::int AS turn`;
