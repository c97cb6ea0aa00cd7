import { Injectable } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { type Actor, type Caller, type OperatorCaller, type TenantId } from '../platform/identity/index.js';
import { bearerTokenOf, type Standing } from './access.rules.js';
import { isApiKey, roleOfKey } from './api-keys/api-key.rules.js';
import { type StoredApiKey } from './api-keys/api-keys.repository.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { OperatorSessions } from './operators/operator-sessions.service.js';
import { SessionsService, type SignedInSession } from './sessions.service.js';
import { SupportAccess } from './support/support-access.service.js';

/** Who calls, and how they stand right now. */
export interface Identity extends Standing {
  readonly caller: Caller;
}

/** Finds out who sent a request, once for all guards that ask. */
@Injectable()
export class Identification {
  private readonly asked = new WeakMap<FastifyRequest, Promise<Identity | undefined>>();
  private readonly askedForOperator = new WeakMap<FastifyRequest, Promise<OperatorCaller | undefined>>();

  constructor(
    private readonly sessions: SessionsService,
    private readonly apiKeys: ApiKeysService,
    private readonly operators: OperatorSessions,
    private readonly support: SupportAccess,
  ) {}

  /** @returns undefined for somebody without a valid session, key or support access */
  identify(request: FastifyRequest): Promise<Identity | undefined> {
    return once(this.asked, request, async (token) => {
      if (isApiKey(token)) return this.findByKey(token);
      return (await this.findBySession(token)) ?? this.findBySupportAccess(token);
    });
  }

  /** @returns undefined where the session or key by which somebody acted is over, and for operators' looks */
  async findByActor(tenantId: TenantId, actor: Actor): Promise<Identity | undefined> {
    if (actor.kind === 'operator') return undefined;
    const identity =
      actor.kind === 'member'
        ? describeSession(await this.sessions.findByBearer({ tenantId, ...actor }))
        : describeKey(await this.apiKeys.findById(actor.apiKeyId));
    return identity?.caller.tenantId === tenantId ? identity : undefined;
  }

  /** @returns undefined for somebody without an operator's session */
  identifyOperator(request: FastifyRequest): Promise<OperatorCaller | undefined> {
    return once(this.askedForOperator, request, (token) => this.operators.findByAccessToken(token));
  }

  /** For a request that is answered for long: what was found out about it is asked anew. */
  forget(request: FastifyRequest): void {
    this.asked.delete(request);
    this.askedForOperator.delete(request);
  }

  private async findBySession(token: string): Promise<Identity | undefined> {
    return describeSession(await this.sessions.findByAccessToken(token));
  }

  private async findByKey(token: string): Promise<Identity | undefined> {
    return describeKey(await this.apiKeys.findByKey(token));
  }

  private async findBySupportAccess(token: string): Promise<Identity | undefined> {
    const caller = await this.support.findByAccessToken(token);
    // Why a tenant is suspended may be what the operator wants to see.
    return caller && { caller, role: caller.role, isTenantSuspended: false, scopes: undefined };
  }
}

function describeSession(session: SignedInSession | undefined): Identity | undefined {
  if (!session) return undefined;
  const { role, isTenantSuspended, bearer } = session;
  const { tenantId, userId, sessionId } = bearer;
  const caller: Caller = { tenantId, actor: { kind: 'member', userId, sessionId }, role };
  return { caller, role, isTenantSuspended, scopes: undefined };
}

function describeKey(key: StoredApiKey | undefined): Identity | undefined {
  if (!key) return undefined;
  const { id, tenantId, scopes, isTenantSuspended } = key;
  const role = roleOfKey(key.role, key.makerRole);
  return {
    caller: { tenantId, actor: { kind: 'api_key', apiKeyId: id }, role },
    role,
    isTenantSuspended,
    scopes,
  };
}

function once<Found>(
  asked: WeakMap<FastifyRequest, Promise<Found | undefined>>,
  request: FastifyRequest,
  find: (token: string) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  let found = asked.get(request);
  if (!found) {
    const token = bearerTokenOf(request.headers.authorization);
    found = token === undefined ? Promise.resolve(undefined) : find(token);
    asked.set(request, found);
  }
  return found;
}
