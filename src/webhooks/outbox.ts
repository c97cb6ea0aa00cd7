import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type TenantId } from '../platform/identity/index.js';
import { type WebhookEvent } from './webhook.dto.js';

/** A fact that a tenant's own system may want to hear of. */
export interface Announcement {
  readonly event: WebhookEvent;
  /** Ids, names and figures; never a secret. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The contact whom it is about, if any: it goes when they are erased. */
  readonly contactId?: string;
}

/** A transaction of whichever login: a tenant's EntityManager or a dispatcher's client. */
export interface Transaction {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

/**
 * What leaves for tenants' webhooks. Written in the transaction of the fact, so that none is without the other; where
 * nobody listens it is one look at an index.
 */
@Injectable()
export class Outbox {
  async announce(transaction: Transaction, tenantId: TenantId, announcement: Announcement): Promise<void> {
    await transaction.query(
      `INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event, data, contact_id)
       SELECT tenant_id, id, $2, $3, $4 FROM webhook_endpoints
       WHERE tenant_id = $1 AND state = 'enabled' AND $2 = ANY (events)`,
      [tenantId, announcement.event, JSON.stringify(announcement.data), announcement.contactId ?? null],
    );
  }

  /** Whether anybody listens: for facts whose data takes work to gather. */
  async isAwaited(client: PoolClient, tenantId: TenantId, event: WebhookEvent): Promise<boolean> {
    const { rows } = await client.query(
      `SELECT FROM webhook_endpoints WHERE tenant_id = $1 AND state = 'enabled' AND $2 = ANY (events) LIMIT 1`,
      [tenantId, event],
    );
    return rows.length > 0;
  }

  /** Everything about a contact goes, sent or not. */
  async forgetContact(transaction: Transaction, contactId: string): Promise<void> {
    await transaction.query('DELETE FROM webhook_deliveries WHERE contact_id = $1', [contactId]);
  }
}
