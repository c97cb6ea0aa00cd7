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
/** One endpoint that is slow must not hold up the others. */
export const MOST_PER_ENDPOINT = 4;

/** Crossing: whoever sends looks for what is due in all tenants. */
@Injectable()
export class WebhookSendingRepository {
  constructor(private readonly database: DispatcherDatabase) {}

  /** @param busyEndpointIds endpoints to pass over: as much is being sent to them as may be */
  async claim(limit: number, busyEndpointIds: readonly string[]): Promise<ClaimedDelivery[]> {
    const rows = await this.database.query<{ id: string; tenantId: string; endpointId: string }>(
      `UPDATE webhook_deliveries SET next_attempt_at = now() + make_interval(secs => ${LEASE_SECONDS})
       WHERE id IN (
         SELECT due.id FROM webhook_endpoints e JOIN tenants t ON t.id = e.tenant_id AND t.state = 'active'
         CROSS JOIN LATERAL (
           SELECT id FROM webhook_deliveries d
           WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.next_attempt_at <= now()
           ORDER BY d.next_attempt_at LIMIT ${MOST_PER_ENDPOINT} FOR UPDATE SKIP LOCKED) AS due
         WHERE e.state = 'enabled' AND e.id <> ALL ($2::uuid[]) LIMIT $1)
       RETURNING id, tenant_id AS "tenantId", endpoint_id AS "endpointId"`,
      [limit, busyEndpointIds],
    );
    return rows.map((row) => ({ ...row, tenantId: asTenantId(row.tenantId) }));
  }
}
