import { Injectable } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { type Caller } from '../platform/identity/index.js';
import { bearerTokenOf, type Standing } from './access.rules.js';
import { isApiKey } from './api-keys/api-key.rules.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { SessionsService } from './sessions.service.js';

/** Who calls, and how they stand right now. */
export interface Identity extends Standing {
  readonly caller: Caller;
}

/** Finds out who sent a request, once for all guards that ask. */
@Injectable()
export class Identification {
  private readonly asked = new WeakMap<FastifyRequest, Promise<Identity | undefined>>();

  constructor(
    private readonly sessions: SessionsService,
    private readonly apiKeys: ApiKeysService,
  ) {}

  /** @returns undefined for somebody without a valid session or key */
  identify(request: FastifyRequest): Promise<Identity | undefined> {
    let identity = this.asked.get(request);
    if (!identity) {
      identity = this.findByToken(bearerTokenOf(request.headers.authorization));
      this.asked.set(request, identity);
    }
    return identity;
  }

  private async findByToken(token: string | undefined): Promise<Identity | undefined> {
    if (token === undefined) return undefined;
    return isApiKey(token) ? this.findByKey(token) : this.findBySession(token);
  }

  private async findBySession(token: string): Promise<Identity | undefined> {
    const session = await this.sessions.findByAccessToken(token);
    if (!session) return undefined;
    const { role, isTenantSuspended, bearer } = session;
    const { tenantId, userId, sessionId } = bearer;
    const caller: Caller = { tenantId, actor: { kind: 'member', userId, sessionId }, role };
    return { caller, role, isTenantSuspended, scopes: undefined };
  }

  private async findByKey(token: string): Promise<Identity | undefined> {
    const key = await this.apiKeys.findByKey(token);
    if (!key) return undefined;
    const { id, tenantId, role, scopes, isTenantSuspended } = key;
    return {
      caller: { tenantId, actor: { kind: 'api_key', apiKeyId: id }, role },
      role,
      isTenantSuspended,
      scopes,
    };
  }
}
