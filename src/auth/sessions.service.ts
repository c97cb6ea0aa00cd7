import { Injectable, Logger } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { Configuration } from '../config/index.js';
import { announceAccessChange } from '../platform/access/index.js';
import { ExpiringCache } from '../platform/cache/index.js';
import { Clock } from '../platform/clock/index.js';
import { deriveKey, randomSecret, sha256 } from '../platform/crypto/index.js';
import { DispatcherDatabase, TenantDatabase } from '../platform/database/index.js';
import { notFound, ProblemError } from '../platform/errors/index.js';
import { idBefore, type Page, pageOf, type PageQuery } from '../platform/http/index.js';
import { type MemberCaller, type TenantId, type UserId } from '../platform/identity/index.js';
import { type AuditEntry, AuditLog } from '../tenants/index.js';
import { ACCESS_TOKEN_SECONDS, AccessTokens, type TokenBearer } from './access-token.service.js';
import { decideRefresh, successorOf } from './refresh-token.rules.js';
import { type SessionView } from './sessions/sessions.dto.js';
import {
  type EndReason,
  type SessionPlace,
  type SessionStanding,
  SessionsRepository,
} from './sessions.repository.js';

/** What changes elsewhere is heard of at once; should that hint get lost, within ten seconds. */
const STANDING_CACHE = { capacity: 10_000, maxAgeMs: 10_000 };
const USER_AGENT_MAXIMUM = 300;
const ENDED = 'ended';

/** What a session may do, and who holds it. */
export interface SignedInSession extends SessionStanding {
  readonly bearer: TokenBearer;
}

/** Who opens a session, where, and on what device. */
export interface SessionHolder {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly userAgent: string | undefined;
}
export type OpeningWay = 'sign_up' | 'password' | 'second_factor' | 'switch';

/** Both tokens of a session, before it is decided how the second one travels. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
}

@Injectable()
export class SessionsService {
  private readonly logger = new Logger('sessions');
  private readonly refreshKey: Buffer;
  private readonly standings: ExpiringCache<string, SignedInSession | typeof ENDED>;
  /** Grows with every {@link forget}, so that a standing read before isn't remembered after. */
  private changes = 0;

  constructor(
    private readonly repository: SessionsRepository,
    private readonly accessTokens: AccessTokens,
    private readonly tenantDatabase: TenantDatabase,
    private readonly dispatcher: DispatcherDatabase,
    private readonly audit: AuditLog,
    configuration: Configuration,
    clock: Clock,
  ) {
    this.refreshKey = deriveKey(configuration.secrets.SESSION_KEY, 'refresh-token');
    this.standings = new ExpiringCache(clock, STANDING_CACHE);
  }

  /** Opens a session of a member, and writes that down in the tenant's audit log. */
  async open(holder: SessionHolder, way: OpeningWay): Promise<IssuedTokens> {
    const { tenantId, userId } = holder;
    const userAgent = holder.userAgent?.slice(0, USER_AGENT_MAXIMUM);
    const refreshToken = randomSecret();
    const sessionId = await this.tenantDatabase.run(tenantId, async (manager) => {
      const id = await this.repository.insert(manager, { tenantId, userId, userAgent }, sha256(refreshToken));
      await this.audit.record(manager, {
        actor: { kind: 'member', userId, sessionId: id },
        action: 'session.opened',
        subject: { kind: 'session', id },
        details: { way },
      });
      return id;
    });
    return this.issue({ tenantId, userId, sessionId }, refreshToken);
  }

  /**
   * Changes a refresh token for its successor and a new access token.
   *
   * @throws ProblemError 401 when the token renews nothing; one used long ago ends its session
   */
  async refresh(refreshToken: string): Promise<IssuedTokens> {
    const tokenHash = sha256(refreshToken);
    const successor = successorOf(refreshToken, this.refreshKey);
    const { bearer, decision } = await this.dispatcher.transaction(async (client) => {
      const stored = await this.repository.lockRefreshToken(client, tokenHash);
      if (!stored) return { bearer: undefined, decision: 'refuse' as const };
      const { tenantId, userId, sessionId } = stored;
      const decision = decideRefresh(stored);
      if (decision === 'rotate') {
        await this.repository.markUsed(client, tokenHash, sessionId);
        await this.repository.insertRefreshToken(client, {
          tokenHash: sha256(successor),
          tenantId,
          sessionId,
        });
      }
      return { bearer: { tenantId, userId, sessionId }, decision };
    });
    if (bearer && (decision === 'rotate' || decision === 'repeat')) return this.issue(bearer, successor);
    if (bearer && decision === 'end_session') {
      await this.endIn(bearer.tenantId, [bearer.sessionId], { kind: 'system' }, 'refresh_token_reused');
      this.logger.warn(`session ${bearer.sessionId} ended: a refresh token was used again`);
    }
    throw new ProblemError(401, 'refresh_token_rejected', 'This session is over; sign in again.');
  }

  /** Ends the session that calls. */
  async end({ tenantId, actor }: MemberCaller): Promise<void> {
    await this.endIn(tenantId, [actor.sessionId], actor, 'signed_out');
  }

  /** A person's living sessions, in whatever tenant. */
  async listOf(caller: MemberCaller, query: PageQuery): Promise<Page<SessionView>> {
    const { userId, sessionId } = caller.actor;
    const rows = await this.repository.findPageOf(userId, idBefore(query), query.limit + 1);
    return pageOf(rows, query, (row) => ({
      id: row.id,
      tenant: { id: row.tenantId, name: row.tenantName },
      userAgent: row.userAgent,
      createdAt: row.createdAt.toISOString(),
      lastSeenAt: row.lastSeenAt.toISOString(),
      isCurrent: row.id === sessionId,
    }));
  }

  /** @throws ProblemError 404, also for somebody else's session and one that is over */
  async endOne({ actor }: MemberCaller, sessionId: string): Promise<void> {
    const [place] = await this.repository.findPlaces(actor.userId, sessionId);
    const ended = place ? await this.endIn(place.tenantId, [place.sessionId], actor, 'ended_by_person') : [];
    if (ended.length === 0) throw notFound('session');
  }

  /** Ends all sessions of the person but the one that calls. */
  async endOthers({ actor }: MemberCaller): Promise<void> {
    const places = await this.repository.findPlaces(actor.userId);
    const others = places.filter(({ sessionId }) => sessionId !== actor.sessionId);
    for (const [tenantId, sessionIds] of byTenant(others)) {
      await this.endIn(tenantId, sessionIds, actor, 'ended_by_person');
    }
  }

  /**
   * Ends a person's sessions in every tenant within the caller's transaction, which is to be followed by
   * {@link recordEnds}.
   *
   * @param keptId the session to leave alone
   */
  endAllOf(client: PoolClient, userId: UserId, reason: EndReason, keptId?: string): Promise<SessionPlace[]> {
    return this.repository.endAllOf(client, userId, reason, keptId);
  }

  /** Once their end is committed: no token of theirs passes here any more, and each tenant's audit log says why. */
  async recordEnds(
    places: readonly SessionPlace[],
    actor: AuditEntry['actor'],
    reason: EndReason,
  ): Promise<void> {
    for (const { sessionId } of places) this.standings.set(sessionId, ENDED);
    for (const [tenantId, sessionIds] of byTenant(places)) {
      await this.tenantDatabase.run(tenantId, (manager) =>
        this.recordEnd(manager, sessionIds, actor, reason),
      );
    }
  }

  /** @returns undefined when the token isn't valid or its session is over */
  async findByAccessToken(accessToken: string): Promise<SignedInSession | undefined> {
    const bearer = await this.accessTokens.verify(accessToken);
    if (!bearer) return undefined;
    const standing = this.standings.get(bearer.sessionId) ?? (await this.loadStanding(bearer));
    return standing === ENDED ? undefined : standing;
  }

  /** @param id of a person, a tenant or a session whose standing may not be what it was */
  forget(id: string): void {
    this.changes += 1;
    this.standings.forEach((standing, sessionId) => {
      if (standing !== ENDED && Object.values<string>({ ...standing.bearer }).includes(id))
        this.standings.delete(sessionId);
    });
  }

  private async loadStanding(bearer: TokenBearer): Promise<SignedInSession | typeof ENDED> {
    const { changes } = this;
    const standing = await this.tenantDatabase.run(bearer.tenantId, (manager) =>
      this.repository.findStanding(manager, bearer.sessionId),
    );
    // The session may have ended here while we asked; that knowledge is newer.
    if (this.standings.get(bearer.sessionId) === ENDED) return ENDED;
    const session = standing ? { ...standing, bearer } : ENDED;
    if (changes === this.changes) this.standings.set(bearer.sessionId, session);
    return session;
  }

  /** Ends sessions of one tenant, with their entries in its audit log. @returns those that were alive */
  private async endIn(
    tenantId: TenantId,
    sessionIds: readonly string[],
    actor: AuditEntry['actor'],
    reason: EndReason,
  ): Promise<string[]> {
    const ended = await this.tenantDatabase.run(tenantId, async (manager) => {
      const alive = await this.repository.end(manager, sessionIds, reason);
      await this.recordEnd(manager, alive, actor, reason);
      return alive;
    });
    for (const sessionId of sessionIds) this.standings.set(sessionId, ENDED);
    return ended;
  }

  private async recordEnd(
    manager: EntityManager,
    sessionIds: readonly string[],
    actor: AuditEntry['actor'],
    reason: EndReason,
  ): Promise<void> {
    for (const id of sessionIds) {
      await this.audit.record(manager, {
        actor,
        action: 'session.ended',
        subject: { kind: 'session', id },
        details: { reason },
      });
      await announceAccessChange(manager, id);
    }
  }

  private async issue(bearer: TokenBearer, refreshToken: string): Promise<IssuedTokens> {
    const accessToken = await this.accessTokens.sign(bearer);
    return { accessToken, expiresInSeconds: ACCESS_TOKEN_SECONDS, refreshToken };
  }
}

function byTenant(places: readonly SessionPlace[]): Map<TenantId, string[]> {
  const sessionIds = new Map<TenantId, string[]>();
  for (const { tenantId, sessionId } of places) {
    sessionIds.set(tenantId, [...(sessionIds.get(tenantId) ?? []), sessionId]);
  }
  return sessionIds;
}
