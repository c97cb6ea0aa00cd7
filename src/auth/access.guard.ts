import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyRequest } from 'fastify';
import { ACCESS_LABEL, type AccessLabel, type CallerRequest } from '../platform/access/index.js';
import { ProblemError } from '../platform/errors/index.js';
import { type Caller } from '../platform/identity/index.js';
import { bearerTokenOf, judgeAccess } from './access.rules.js';
import { tenantSuspended } from './accounts.service.js';
import { type SignedInSession, SessionsService } from './sessions.service.js';

/** Stands before every route of every controller. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Nest also asks for handlers of Telegram's updates: those have a bot, not a caller.
    if (context.getType() !== 'http') return true;
    const label = this.reflector.getAllAndOverride<AccessLabel | undefined>(ACCESS_LABEL, [
      context.getHandler(),
      context.getClass(),
    ]);
    const request = context.switchToHttp().getRequest<FastifyRequest & CallerRequest>();
    const token = label?.kind === 'member' ? bearerTokenOf(request.headers.authorization) : undefined;
    const session = token === undefined ? undefined : await this.sessions.findByAccessToken(token);
    const verdict = judgeAccess(label, session);
    switch (verdict) {
      case 'allowed':
        if (session) request.caller = callerOf(session);
        return true;
      case 'not_signed_in':
        throw new ProblemError(
          401,
          'not_signed_in',
          'Send an access token that is still valid: sign in, or refresh.',
          [],
          { 'www-authenticate': token === undefined ? 'Bearer' : 'Bearer error="invalid_token"' },
        );
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
}

function callerOf({ bearer: { tenantId, userId, sessionId }, role }: SignedInSession): Caller {
  return { tenantId, actor: { kind: 'member', userId, sessionId }, role };
}
