import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type TenantId, type TenantRole, type UserId } from '../platform/identity/index.js';
import { type Transport } from './auth.dto.js';
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

export type EndReason = 'signed_out' | 'ended_by_person' | 'password_changed' | 'refresh_token_reused';

/** Who opens a session, where, and on what device. */
export interface SessionHolder {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly userAgent: string | undefined;
  /** How its refresh token travels. */
  readonly transport: Transport;
  /** Of the session that it comes from; without one it begins a family of its own. */
  readonly familyId?: string;
}

export interface SessionPlace {
  readonly sessionId: string;
  readonly tenantId: TenantId;
}

export interface SessionRow {
  readonly id: string;
  readonly tenantId: string;
  readonly tenantName: string;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
}

const IS_ALIVE = `sessions.ended_at IS NULL AND sessions.last_seen_at > now() - make_interval(days => ${REFRESH_TOKEN_DAYS})`;

/** Sessions and their refresh tokens. What takes a `PoolClient`, or no place to write, crosses tenants: a token comes alone, and a person's sessions are in all of theirs. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** @returns undefined where the person is no member of the tenant (any more) */
  async insert(client: PoolClient, session: SessionHolder, tokenHash: Buffer): Promise<string | undefined> {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO sessions (tenant_id, user_id, user_agent, transport, family_id)
       SELECT tenant_id, user_id, $3, $4, coalesce($5, uuidv7()) FROM members
        WHERE tenant_id = $1 AND user_id = $2 FOR KEY SHARE
       RETURNING id`,
      [
        session.tenantId,
        session.userId,
        session.userAgent ?? null,
        session.transport,
        session.familyId ?? null,
      ],
    );
    const id = rows[0]?.id;
    if (id === undefined) return undefined;
    await client.query(INSERT_REFRESH_TOKEN, [tokenHash, session.tenantId, id, REFRESH_TOKEN_DAYS]);
    return id;
  }

  async insertRefreshToken(
    client: PoolClient,
    token: { tokenHash: Buffer; tenantId: TenantId; sessionId: string },
  ): Promise<void> {
    await client.query(INSERT_REFRESH_TOKEN, [
      token.tokenHash,
      token.tenantId,
      token.sessionId,
      REFRESH_TOKEN_DAYS,
    ]);
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

  /** @returns the sessions of the person that are alive, newest first */
  findPageOf(userId: UserId, before: string, limit: number): Promise<SessionRow[]> {
    return this.dispatcher.query<SessionRow>(
      `SELECT sessions.id, sessions.tenant_id AS "tenantId", tenants.name AS "tenantName",
         sessions.user_agent AS "userAgent", sessions.created_at AS "createdAt",
         sessions.last_seen_at AS "lastSeenAt"
       FROM sessions JOIN tenants ON tenants.id = sessions.tenant_id
       WHERE sessions.user_id = $1 AND sessions.id < $2 AND ${IS_ALIVE} ORDER BY sessions.id DESC LIMIT $3`,
      [userId, before, limit],
    );
  }

  /** Waits for whoever is ending the session, and holds off who wants to. @returns undefined when it is over */
  async lockAlive(
    client: PoolClient,
    sessionId: string,
  ): Promise<{ familyId: string; transport: Transport } | undefined> {
    const { rows } = await client.query<{ familyId: string; transport: Transport }>(
      `SELECT family_id AS "familyId", transport FROM sessions WHERE id = $1 AND ${IS_ALIVE} FOR SHARE`,
      [sessionId],
    );
    return rows[0];
  }

  /** Ends the session with all of its family, in every tenant. @returns none when it isn't the person's, or was over */
  async endFamilyOf(
    client: PoolClient,
    { userId, sessionId }: { userId: UserId; sessionId: string },
    reason: EndReason,
  ): Promise<SessionPlace[]> {
    // Locked by a statement of its own: the next one sees what somebody opened beside it until now.
    const { rows: family } = await client.query<{ familyId: string }>(
      `SELECT family_id AS "familyId" FROM sessions
       WHERE family_id = (SELECT family_id FROM sessions WHERE id = $1 AND user_id = $2 AND ${IS_ALIVE})
       ORDER BY id FOR UPDATE`,
      [sessionId, userId],
    );
    const { rows } = await client.query<SessionPlace>(
      `UPDATE sessions SET ended_at = now(), ended_reason = $2
       WHERE family_id = $1 AND ended_at IS NULL RETURNING id AS "sessionId", tenant_id AS "tenantId"`,
      [family[0]?.familyId, reason],
    );
    return rows;
  }

  /** Ends a person's sessions in every tenant, but for the one to keep. */
  async endAllOf(
    client: PoolClient,
    userId: UserId,
    reason: EndReason,
    keptId: string | undefined,
  ): Promise<SessionPlace[]> {
    const { rows } = await client.query<SessionPlace>(
      `UPDATE sessions SET ended_at = now(), ended_reason = $2
       WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $3
       RETURNING id AS "sessionId", tenant_id AS "tenantId"`,
      [userId, reason, keptId ?? null],
    );
    return rows;
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

const INSERT_REFRESH_TOKEN = `INSERT INTO refresh_tokens (token_hash, tenant_id, session_id, expires_at)
  VALUES ($1, $2, $3, now() + make_interval(days => $4))`;
