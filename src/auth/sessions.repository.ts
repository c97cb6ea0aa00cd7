import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { type TenantId, type TenantRole, type UserId } from '../platform/identity/index.js';
import { REFRESH_TOKEN_DAYS, type ShownRefreshToken } from './refresh-token.rules.js';

/** How a session stands right now. */
export interface SessionStanding {
  readonly role: TenantRole;
  readonly isTenantSuspended: boolean;
}

export interface StoredRefreshToken extends ShownRefreshToken {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly sessionId: string;
}

export type EndReason = 'signed_out' | 'refresh_token_reused';

/** Sessions and their refresh tokens. What takes a `PoolClient` crosses tenants: the token comes alone. */
@Injectable()
export class SessionsRepository {
  async insert(
    client: PoolClient,
    session: { tenantId: TenantId; userId: UserId; userAgent: string | undefined },
  ): Promise<string> {
    const { rows } = await client.query<{ id: string }>(
      'INSERT INTO sessions (tenant_id, user_id, user_agent) VALUES ($1, $2, $3) RETURNING id',
      [session.tenantId, session.userId, session.userAgent ?? null],
    );
    return (rows[0] as { id: string }).id;
  }

  async insertRefreshToken(
    client: PoolClient,
    token: { tokenHash: Buffer; tenantId: TenantId; sessionId: string },
  ): Promise<void> {
    await client.query(
      `INSERT INTO refresh_tokens (token_hash, tenant_id, session_id, expires_at)
       VALUES ($1, $2, $3, now() + make_interval(days => $4))`,
      [token.tokenHash, token.tenantId, token.sessionId, REFRESH_TOKEN_DAYS],
    );
  }

  /** Whoever shows the same token meanwhile waits until this transaction ends, and then sees it used. */
  async lockRefreshToken(client: PoolClient, tokenHash: Buffer): Promise<StoredRefreshToken | undefined> {
    const { rows } = await client.query<StoredRefreshToken>(
      `SELECT sessions.tenant_id AS "tenantId", sessions.user_id AS "userId", sessions.id AS "sessionId",
         refresh_tokens.expires_at <= now() AS "isExpired", sessions.ended_at IS NOT NULL AS "isSessionEnded",
         extract(epoch FROM clock_timestamp() - refresh_tokens.used_at)::float8 AS "secondsSinceUse"
       FROM refresh_tokens JOIN sessions ON sessions.id = refresh_tokens.session_id
       WHERE refresh_tokens.token_hash = $1 FOR UPDATE`,
      [tokenHash],
    );
    return rows[0];
  }

  async markUsed(client: PoolClient, tokenHash: Buffer, sessionId: string): Promise<void> {
    await client.query('UPDATE refresh_tokens SET used_at = clock_timestamp() WHERE token_hash = $1', [
      tokenHash,
    ]);
    await client.query('UPDATE sessions SET last_seen_at = now() WHERE id = $1', [sessionId]);
  }

  async endCrossing(client: PoolClient, sessionId: string, reason: EndReason): Promise<void> {
    await client.query(
      'UPDATE sessions SET ended_at = now(), ended_reason = $2 WHERE id = $1 AND ended_at IS NULL',
      [sessionId, reason],
    );
  }

  async end(manager: EntityManager, sessionId: string, reason: EndReason): Promise<void> {
    await manager.query(
      'UPDATE sessions SET ended_at = now(), ended_reason = $2 WHERE id = $1 AND ended_at IS NULL',
      [sessionId, reason],
    );
  }

  /** @returns undefined when the session ended or its person is no member any more */
  async findStanding(manager: EntityManager, sessionId: string): Promise<SessionStanding | undefined> {
    const [standing] = await manager.query<SessionStanding[]>(
      `SELECT members.role, tenants.state = 'suspended' AS "isTenantSuspended"
       FROM sessions
       JOIN members ON members.tenant_id = sessions.tenant_id AND members.user_id = sessions.user_id
       JOIN tenants ON tenants.id = sessions.tenant_id
       WHERE sessions.id = $1 AND sessions.ended_at IS NULL`,
      [sessionId],
    );
    return standing;
  }
}
