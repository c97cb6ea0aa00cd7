import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { type AccessScope } from '../../platform/access/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type TenantId, type TenantRole, type UserId } from '../../platform/identity/index.js';

export interface ApiKeyRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: AccessScope[];
  readonly role: TenantRole;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface NewApiKey {
  readonly name: string;
  readonly scopes: readonly AccessScope[];
  readonly role: TenantRole;
  readonly createdBy: UserId;
  readonly secretHash: Buffer;
  readonly expiresInDays: number | undefined;
}

/** What of a key decides who calls with it, and what they may do. */
export interface StoredApiKey {
  readonly id: string;
  readonly tenantId: TenantId;
  /** That of the maker when they made it. */
  readonly role: TenantRole;
  readonly makerId: UserId;
  /** That of the maker now: who goes takes their keys along. */
  readonly makerRole: TenantRole;
  readonly scopes: readonly AccessScope[];
  readonly secretHash: Buffer;
  readonly isTenantSuspended: boolean;
  /** Until it expires; null for one that doesn't. */
  readonly secondsLeft: number | null;
}

const COLUMNS = `id, name, scopes, role, created_by AS "createdBy", created_at AS "createdAt",
  expires_at AS "expiresAt", last_used_at AS "lastUsedAt"`;

@Injectable()
export class ApiKeysRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  async insert(manager: EntityManager, tenantId: TenantId, key: NewApiKey): Promise<ApiKeyRow> {
    const [row] = await manager.query<ApiKeyRow[]>(
      `INSERT INTO api_keys (tenant_id, name, scopes, role, created_by, secret_hash, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(days => $7::int)) RETURNING ${COLUMNS}`,
      [
        tenantId,
        key.name,
        JSON.stringify(key.scopes),
        key.role,
        key.createdBy,
        key.secretHash,
        key.expiresInDays ?? null,
      ],
    );
    if (!row) throw new Error('INSERT returned no row.');
    return row;
  }

  async count(manager: EntityManager): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>('SELECT count(*)::int AS count FROM api_keys');
    return row?.count ?? 0;
  }

  findPage(manager: EntityManager, before: string, limit: number): Promise<ApiKeyRow[]> {
    return manager.query<ApiKeyRow[]>(
      `SELECT ${COLUMNS} FROM api_keys WHERE id < $1 ORDER BY id DESC LIMIT $2`,
      [before, limit],
    );
  }

  async findById(manager: EntityManager, id: string): Promise<ApiKeyRow | undefined> {
    const [row] = await manager.query<ApiKeyRow[]>(`SELECT ${COLUMNS} FROM api_keys WHERE id = $1`, [id]);
    return row;
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.query('DELETE FROM api_keys WHERE id = $1', [id]);
  }

  /** @returns the ids of a member's keys, which are no more */
  async deleteOfMember(manager: EntityManager, userId: UserId): Promise<string[]> {
    const [rows] = await manager.query<[{ id: string }[], number]>(
      'DELETE FROM api_keys WHERE created_by = $1 RETURNING id',
      [userId],
    );
    return rows.map(({ id }) => id);
  }

  /** Crossing: a person's keys are in all of their tenants. */
  async deleteEverywhere(client: PoolClient, userId: UserId): Promise<{ id: string; tenantId: TenantId }[]> {
    const { rows } = await client.query<{ id: string; tenantId: TenantId }>(
      'DELETE FROM api_keys WHERE created_by = $1 RETURNING id, tenant_id AS "tenantId"',
      [userId],
    );
    return rows;
  }

  /** Crossing: a key comes without a tenant. */
  async findStored(id: string): Promise<StoredApiKey | undefined> {
    const [key] = await this.dispatcher.query<StoredApiKey>(
      `SELECT api_keys.id, api_keys.tenant_id AS "tenantId", api_keys.role, api_keys.scopes,
         members.user_id AS "makerId", members.role AS "makerRole",
         api_keys.secret_hash AS "secretHash", tenants.state = 'suspended' AS "isTenantSuspended",
         extract(epoch FROM api_keys.expires_at - now())::float8 AS "secondsLeft"
       FROM api_keys JOIN tenants ON tenants.id = api_keys.tenant_id
         JOIN members ON members.tenant_id = api_keys.tenant_id AND members.user_id = api_keys.created_by
       WHERE api_keys.id = $1 AND (api_keys.expires_at IS NULL OR api_keys.expires_at > now())`,
      [id],
    );
    return key;
  }

  /** Crossing, as {@link findStored}. Several processes may say so; once a minute is written. */
  async noteUse(id: string): Promise<void> {
    await this.dispatcher.query(
      `UPDATE api_keys SET last_used_at = now()
       WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
      [id],
    );
  }
}
