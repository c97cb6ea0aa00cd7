import { Injectable, Logger } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { Configuration } from '../config/index.js';
import { AccessChanges } from '../platform/access/index.js';
import { ExpiringCache } from '../platform/cache/index.js';
import { Clock } from '../platform/clock/index.js';
import { deriveKey, randomSecret, sha256 } from '../platform/crypto/index.js';
import { afterCommit, DispatcherDatabase, TenantDatabase } from '../platform/database/index.js';
import { notFound, ProblemError } from '../platform/errors/index.js';
import { idBefore, type Page, pageOf, type PageQuery } from '../platform/http/index.js';
import { type MemberCaller, type UserId } from '../platform/identity/index.js';
import { type AuditEntry, AuditLog, type TenantAct } from '../tenants/index.js';
import { ACCESS_TOKEN_SECONDS, AccessTokens, type TokenBearer } from './access-token.service.js';
import { OperatorAccess } from './operators/operator-access.service.js';
import { type ProvenUser, UsersRepository } from './users.repository.js';
import { decideRefresh, successorOf } from './refresh-token.rules.js';
import { type SessionView } from './sessions/sessions.dto.js';
import {
  type EndReason,
  type SessionHolder,
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
    private readonly users: UsersRepository,
    private readonly accessTokens: AccessTokens,
    private readonly tenantDatabase: TenantDatabase,
    private readonly dispatcher: DispatcherDatabase,
    private readonly audit: AuditLog,
    private readonly accessChanges: AccessChanges,
    private readonly operatorAccess: OperatorAccess,
    configuration: Configuration,
    clock: Clock,
  ) {
    this.refreshKey = deriveKey(configuration.secrets.SESSION_KEY, 'refresh-token');
    this.standings = new ExpiringCache(clock, STANDING_CACHE);
  }

  /**
   * Opens a session of a member, and writes that down in the tenant's audit log.
   *
   * @param proven the person as they were when they showed who they are
   * @throws ProblemError 401 `sign_in_outdated` where their password, second factor or sessions were changed since then
   */
  open(proven: ProvenUser, holder: SessionHolder, way: OpeningWay): Promise<IssuedTokens> {
    return this.openWith(holder, way, async (client) => {
      if (!(await this.users.lockUnchanged(client, proven))) throw signInOutdated();
      return holder;
    });
  }

  /**
   * Opens a session beside the one that calls, of the same family: whatever ends one of them ends the other. So nobody keeps
   * more of a stolen access token than the person who lost it can end.
   *
   * @throws ProblemError 403 `session_in_cookie` where a page's session would leave its cookie; 401 where it is over
   */
  async openBeside({ actor }: MemberCaller, holder: SessionHolder): Promise<IssuedTokens> {
    return this.openWith(holder, 'switch', async (client) => {
      // Whoever ends all of the person's sessions, or this family, comes before this or sees the new one.
      await this.users.lock(client, actor.userId);
      const present = await this.repository.lockAlive(client, actor.sessionId);
      if (!present) throw sessionOver();
      if (present.transport === 'cookie' && holder.transport === 'body') throw sessionInCookie();
      return { ...holder, familyId: present.familyId };
    });
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
      await this.endFamilyOf(bearer, { kind: 'system' }, 'refresh_token_reused');
      this.logger.warn(`session ${bearer.sessionId} ended: a refresh token was used again`);
    }
    throw sessionOver();
  }

  /** Ends the session that calls, with its family. */
  async end({ actor }: MemberCaller): Promise<void> {
    await this.endFamilyOf(actor, actor, 'signed_out');
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

  /**
   * Ends a session of the person with its family.
   *
   * @throws ProblemError 404, also for somebody else's session and one that is over
   */
  async endOne({ actor }: MemberCaller, sessionId: string): Promise<void> {
    const ended = await this.endFamilyOf({ userId: actor.userId, sessionId }, actor, 'ended_by_person');
    if (ended === 0) throw notFound('session');
  }

  /** Ends all sessions of the person but the one that calls, and what they have open as an operator. */
  async endOthers({ actor }: MemberCaller): Promise<void> {
    const { userId, sessionId } = actor;
    await this.dispatcher.transaction(async (client) => {
      const acts = await this.endAllOf(client, userId, actor, 'ended_by_person', sessionId);
      await this.audit.recordAcross(client, acts);
    });
  }

  /**
   * Ends a person's sessions in every tenant, those that are being opened, and what they have open as an operator, within
   * the caller's transaction. Once it is committed, no token of theirs passes any more.
   *
   * @param keptId the session to leave alone
   * @returns what the caller is to write into the audit logs, last and in the same transaction
   */
  async endAllOf(
    client: PoolClient,
    userId: UserId,
    actor: AuditEntry['actor'],
    reason: EndReason,
    keptId?: string,
  ): Promise<TenantAct[]> {
    // First: who is opening a session holds the person's row, and has opened it when this goes on.
    await this.users.outdateProofs(client, userId);
    await this.operatorAccess.end(client, userId);
    const places = await this.repository.endAllOf(client, userId, reason, keptId);
    return this.announceEnds(client, places, actor, reason);
  }

  /** @returns undefined when the token isn't valid or its session is over */
  async findByAccessToken(accessToken: string): Promise<SignedInSession | undefined> {
    const bearer = await this.accessTokens.verify(accessToken);
    return bearer && this.findByBearer(bearer);
  }

  /** @returns undefined when the session is over */
  async findByBearer(bearer: TokenBearer): Promise<SignedInSession | undefined> {
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

  /** @param admit locks what the session rests on, or throws */
  private async openWith(
    { tenantId, userId }: SessionHolder,
    way: OpeningWay,
    admit: (client: PoolClient) => Promise<SessionHolder>,
  ): Promise<IssuedTokens> {
    const refreshToken = randomSecret();
    const sessionId = await this.dispatcher.transaction(async (client) => {
      const holder = await admit(client);
      const userAgent = holder.userAgent?.slice(0, USER_AGENT_MAXIMUM);
      const id = await this.repository.insert(client, { ...holder, userAgent }, sha256(refreshToken));
      if (id === undefined) throw notFound('tenant among yours');
      await this.audit.recordFor(client, tenantId, {
        actor: { kind: 'member', userId, sessionId: id },
        action: 'session.opened',
        subject: { kind: 'session', id },
        details: { way },
      });
      return id;
    });
    return this.issue({ tenantId, userId, sessionId }, refreshToken);
  }

  /** With the entries in the tenants' audit logs, all or nothing. @returns how many ended */
  private endFamilyOf(
    session: { userId: UserId; sessionId: string },
    actor: AuditEntry['actor'],
    reason: EndReason,
  ): Promise<number> {
    return this.dispatcher.transaction(async (client) => {
      const places = await this.repository.endFamilyOf(client, session, reason);
      await this.audit.recordAcross(client, await this.announceEnds(client, places, actor, reason));
      return places.length;
    });
  }

  /** Here they are over as soon as that is committed. */
  private async announceEnds(
    client: PoolClient,
    places: readonly SessionPlace[],
    actor: AuditEntry['actor'],
    reason: EndReason,
  ): Promise<TenantAct[]> {
    for (const { sessionId } of places) await this.accessChanges.announce(client, sessionId);
    afterCommit(() => {
      for (const { sessionId } of places) this.standings.set(sessionId, ENDED);
    });
    return places.map(({ tenantId, sessionId }) => ({
      tenantId,
      entry: endEntry(sessionId, actor, reason),
    }));
  }

  private async issue(bearer: TokenBearer, refreshToken: string): Promise<IssuedTokens> {
    const accessToken = await this.accessTokens.sign(bearer);
    return { accessToken, expiresInSeconds: ACCESS_TOKEN_SECONDS, refreshToken };
  }
}

function endEntry(id: string, actor: AuditEntry['actor'], reason: EndReason): AuditEntry {
  return { actor, action: 'session.ended', subject: { kind: 'session', id }, details: { reason } };
}

function sessionOver(): ProblemError {
  return new ProblemError(401, 'refresh_token_rejected', 'This session is over; sign in again.');
}

/** What was shown was right, and isn't any more, or others decided meanwhile that it shall open nothing. */
export function signInOutdated(): ProblemError {
  return new ProblemError(401, 'sign_in_outdated', 'Your account was changed meanwhile; sign in again.');
}

function sessionInCookie(): ProblemError {
  return new ProblemError(
    403,
    'session_in_cookie',
    'This session is kept in a cookie; go on with transport `cookie`, or sign in anew.',
  );
}
