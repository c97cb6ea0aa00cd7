import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyRequest } from 'fastify';
import { ACCESS_LABEL, type AccessLabel, type CallerRequest } from '../platform/access/index.js';
import { ProblemError } from '../platform/errors/index.js';
import { type Caller } from '../platform/identity/index.js';
import { bearerTokenOf, judgeAccess, OPERATING } from './access.rules.js';
import { tenantSuspended } from './accounts.service.js';
import { OperatorSessions } from './operators/operator-sessions.service.js';
import { type SessionStanding } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { SupportAccess } from './support/support-access.service.js';

/** Stands before every route of every controller. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
    private readonly operators: OperatorSessions,
    private readonly support: SupportAccess,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Nest also asks for handlers of Telegram's updates: those have a bot, not a caller.
    if (context.getType() !== 'http') return true;
    const label = this.reflector.getAllAndOverride<AccessLabel | undefined>(ACCESS_LABEL, [
      context.getHandler(),
      context.getClass(),
    ]);
    const request = context.switchToHttp().getRequest<FastifyRequest & CallerRequest>();
    const token = label?.kind === 'public' ? undefined : bearerTokenOf(request.headers.authorization);
    const standing = token === undefined ? undefined : await this.recognize(label, token, request);
    switch (judgeAccess(label, standing)) {
      case 'allowed':
        return true;
      case 'not_signed_in':
        throw notSignedIn(label, token);
      case 'tenant_suspended':
        throw tenantSuspended();
      case 'not_allowed':
        throw new ProblemError(
          403,
          'not_allowed',
          `This takes the role ${label?.kind === 'member' ? label.role : 'of nobody'} or more; ask an owner of the tenant.`,
        );
    }
  }

  /** Finds whose token it is, leaves them on the request, and tells how they stand. */
  private async recognize(
    label: AccessLabel | undefined,
    token: string,
    request: CallerRequest,
  ): Promise<SessionStanding | typeof OPERATING | undefined> {
    if (label?.kind === 'operator') {
      const operator = await this.operators.findByAccessToken(token);
      if (operator) request.operator = operator;
      return operator && OPERATING;
    }
    const session = await this.sessions.findByAccessToken(token);
    if (session) {
      const { tenantId, userId, sessionId } = session.bearer;
      request.caller = { tenantId, actor: { kind: 'member', userId, sessionId }, role: session.role };
      return session;
    }
    const onlooker: Caller | undefined = await this.support.findByAccessToken(token);
    if (!onlooker) return undefined;
    request.caller = onlooker;
    // Why a tenant is suspended may be what the operator wants to see.
    return { role: onlooker.role, isTenantSuspended: false };
  }
}

function notSignedIn(label: AccessLabel | undefined, token: string | undefined): ProblemError {
  const way = label?.kind === 'operator' ? 'sign in at /operator/sign-in' : 'sign in, or refresh';
  return new ProblemError(401, 'not_signed_in', `Send an access token that is still valid: ${way}.`, [], {
    'www-authenticate': token === undefined ? 'Bearer' : 'Bearer error="invalid_token"',
  });
}
