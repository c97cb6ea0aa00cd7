import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';

export interface WrappedKey {
  readonly version: number;
  readonly wrappedKey: Buffer;
}

/** Which of all keys. */
export interface KeyPlace {
  readonly tenantId: TenantId;
  readonly version: number;
}

/**
 * Crossing: sign-up makes the first key, lanes open the tokens of many tenants' bots, and a rotation goes through
 * all keys.
 */
@Injectable()
export class TenantKeysRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  async insert(client: PoolClient, tenantId: TenantId, key: WrappedKey): Promise<void> {
    await client.query('INSERT INTO tenant_data_keys (tenant_id, version, wrapped_key) VALUES ($1, $2, $3)', [
      tenantId,
      key.version,
      key.wrappedKey,
    ]);
  }

  /** @param version undefined for the newest */
  async find(tenantId: TenantId, version: number | undefined): Promise<WrappedKey | undefined> {
    const [key] = await this.dispatcher.query<WrappedKey>(
      `SELECT version, wrapped_key AS "wrappedKey" FROM tenant_data_keys
       WHERE tenant_id = $1 AND ($2::int IS NULL OR version = $2) ORDER BY version DESC LIMIT 1`,
      [tenantId, version ?? null],
    );
    return key;
  }

  /** The version of a tenant's newest key, which stays the newest until the transaction ends. */
  async lockNewestVersion(client: PoolClient, tenantId: TenantId): Promise<number | undefined> {
    const { rows } = await client.query<{ version: number }>(
      `SELECT version FROM tenant_data_keys WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1 FOR UPDATE`,
      [tenantId],
    );
    return rows[0]?.version;
  }

  /** The next keys after a place in the order of all, locked until the transaction ends. */
  async lockAfter(client: PoolClient, after: KeyPlace, limit: number): Promise<(KeyPlace & WrappedKey)[]> {
    const { rows } = await client.query<KeyPlace & WrappedKey>(
      `SELECT tenant_id AS "tenantId", version, wrapped_key AS "wrappedKey" FROM tenant_data_keys
       WHERE (tenant_id, version) > ($1, $2) ORDER BY tenant_id, version LIMIT $3 FOR UPDATE`,
      [after.tenantId, after.version, limit],
    );
    return rows;
  }

  async replace(client: PoolClient, { tenantId, version }: KeyPlace, wrappedKey: Buffer): Promise<void> {
    await client.query('UPDATE tenant_data_keys SET wrapped_key = $3 WHERE tenant_id = $1 AND version = $2', [
      tenantId,
      version,
      wrappedKey,
    ]);
  }

  /** Tenants whose newest key is older than that. */
  async findOutdated(olderThanHours: number, limit: number): Promise<TenantId[]> {
    const rows = await this.dispatcher.query<{ tenantId: TenantId }>(
      `SELECT tenant_id AS "tenantId" FROM tenant_data_keys GROUP BY tenant_id
       HAVING max(created_at) < now() - make_interval(hours => $1) ORDER BY tenant_id LIMIT $2`,
      [olderThanHours, limit],
    );
    return rows.map(({ tenantId }) => tenantId);
  }
}
