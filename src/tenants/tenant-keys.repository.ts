import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';

export interface WrappedKey {
  readonly version: number;
  readonly wrappedKey: Buffer;
}

/** Crossing: sign-up makes the first key, and lanes open the tokens of many tenants' bots. */
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
}
