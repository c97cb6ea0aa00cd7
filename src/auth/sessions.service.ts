import { Injectable, Logger } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { Configuration } from '../config/index.js';
import { ExpiringCache } from '../platform/cache/index.js';
import { Clock } from '../platform/clock/index.js';
import { deriveKey, randomSecret, sha256 } from '../platform/crypto/index.js';
import { DispatcherDatabase, TenantDatabase } from '../platform/database/index.js';
import { ProblemError } from '../platform/errors/index.js';
import { type MemberCaller, type TenantId, type UserId } from '../platform/identity/index.js';
import { ACCESS_TOKEN_SECONDS, AccessTokens, type TokenBearer } from './access-token.service.js';
import { type Tokens } from './auth.dto.js';
import { decideRefresh, successorOf } from './refresh-token.rules.js';
import { type SessionStanding, SessionsRepository } from './sessions.repository.js';

/** What changes elsewhere is heard of at once; should that hint get lost, within ten seconds. */
const STANDING_CACHE = { capacity: 10_000, maxAgeMs: 10_000 };
const USER_AGENT_MAXIMUM = 300;
const ENDED = 'ended';

/** What a session may do, and who holds it. */
export interface SignedInSession extends SessionStanding {
  readonly bearer: TokenBearer;
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
    configuration: Configuration,
    clock: Clock,
  ) {
    this.refreshKey = deriveKey(configuration.secrets.SESSION_KEY, 'refresh-token');
    this.standings = new ExpiringCache(clock, STANDING_CACHE);
  }

  /** Opens a session within the caller's transaction. */
  async open(
    client: PoolClient,
    holder: { tenantId: TenantId; userId: UserId; userAgent: string | undefined },
  ): Promise<Tokens> {
    const userAgent = holder.userAgent?.slice(0, USER_AGENT_MAXIMUM);
    const sessionId = await this.repository.insert(client, { ...holder, userAgent });
    const refreshToken = randomSecret();
    await this.repository.insertRefreshToken(client, {
      tokenHash: sha256(refreshToken),
      tenantId: holder.tenantId,
      sessionId,
    });
    return this.issue({ tenantId: holder.tenantId, userId: holder.userId, sessionId }, refreshToken);
  }

  /**
   * Changes a refresh token for its successor and a new access token.
   *
   * @throws ProblemError 401 when the token renews nothing; one used long ago ends its session
   */
  async refresh(refreshToken: string): Promise<Tokens> {
    const tokenHash = sha256(refreshToken);
    const successor = successorOf(refreshToken, this.refreshKey);
    const bearer = await this.dispatcher.transaction(async (client) => {
      const stored = await this.repository.lockRefreshToken(client, tokenHash);
      if (!stored) return undefined;
      const { tenantId, userId, sessionId } = stored;
      switch (decideRefresh(stored)) {
        case 'rotate':
          await this.repository.markUsed(client, tokenHash, sessionId);
          await this.repository.insertRefreshToken(client, {
            tokenHash: sha256(successor),
            tenantId,
            sessionId,
          });
          return { tenantId, userId, sessionId };
        case 'repeat':
          return { tenantId, userId, sessionId };
        case 'end_session':
          await this.repository.endCrossing(client, sessionId, 'refresh_token_reused');
          this.standings.set(sessionId, ENDED);
          this.logger.warn(`session ${sessionId} ended: a refresh token was used again`);
          return undefined;
        case 'refuse':
          return undefined;
      }
    });
    if (!bearer) {
      throw new ProblemError(401, 'refresh_token_rejected', 'This session is over; sign in again.');
    }
    return this.issue(bearer, successor);
  }

  async end(caller: MemberCaller): Promise<void> {
    await this.tenantDatabase.run(caller.tenantId, (manager) =>
      this.repository.end(manager, caller.actor.sessionId, 'signed_out'),
    );
    this.standings.set(caller.actor.sessionId, ENDED);
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

  private async issue(bearer: TokenBearer, refreshToken: string): Promise<Tokens> {
    const accessToken = await this.accessTokens.sign(bearer);
    return { accessToken, expiresInSeconds: ACCESS_TOKEN_SECONDS, refreshToken };
  }
}
