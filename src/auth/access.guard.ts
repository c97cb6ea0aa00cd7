import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyRequest } from 'fastify';
import { ACCESS_LABEL, type AccessLabel, type CallerRequest, membersOnly } from '../platform/access/index.js';
import { ProblemError } from '../platform/errors/index.js';
import { addToLogContext } from '../platform/logging/index.js';
import { bearerTokenOf, judgeAccess, OPERATING } from './access.rules.js';
import { tenantSuspended } from './accounts.service.js';
import { Identification } from './identification.service.js';

/** Stands before every route of every controller. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly identification: Identification,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Nest also asks for handlers of Telegram's updates: those have a bot, not a caller.
    if (context.getType() !== 'http') return true;
    const label = this.reflector.getAllAndOverride<AccessLabel | undefined>(ACCESS_LABEL, [
      context.getHandler(),
      context.getClass(),
    ]);
    const request = context.switchToHttp().getRequest<FastifyRequest & CallerRequest>();
    await this.admit(label, request);
    request.access = { refuseIfOver: () => this.admit(label, request, true) };
    return true;
  }

  /** @param isAnew the request was let in before: whoever sent it may not be now who they were then */
  private async admit(
    label: AccessLabel | undefined,
    request: FastifyRequest & CallerRequest,
    isAnew = false,
  ): Promise<void> {
    if (isAnew) this.identification.forget(request);
    const identity = label?.kind === 'member' ? await this.identification.identify(request) : undefined;
    const operator =
      label?.kind === 'operator' ? await this.identification.identifyOperator(request) : undefined;
    switch (judgeAccess(label, operator ? OPERATING : identity)) {
      case 'allowed':
        if (identity) {
          request.caller = identity.caller;
          addToLogContext({ tenantId: identity.caller.tenantId });
        }
        if (operator) request.operator = operator;
        return;
      case 'not_signed_in':
        throw notSignedIn(label, bearerTokenOf(request.headers.authorization) !== undefined);
      case 'tenant_suspended':
        throw tenantSuspended();
      case 'members_only':
        throw membersOnly();
      case 'scope_missing':
        throw new ProblemError(
          403,
          'scope_missing',
          `This key lacks the scope ${label?.kind === 'member' ? label.scope : ''}; make one that has it.`,
        );
      case 'not_allowed':
        throw new ProblemError(
          403,
          'not_allowed',
          `This takes the role ${label?.kind === 'member' ? label.role : 'of nobody'} or more; ask an owner of the tenant.`,
        );
    }
  }
}

/** The same whether a token or key is unknown, expired or revoked. */
function notSignedIn(label: AccessLabel | undefined, hasToken: boolean): ProblemError {
  const way =
    label?.kind === 'operator'
      ? 'Send an access token that is still valid: sign in at /operator/sign-in.'
      : 'Send an access token or API key that is still valid: sign in, refresh, or make a key.';
  return new ProblemError(401, 'not_signed_in', way, [], {
    'www-authenticate': hasToken ? 'Bearer error="invalid_token"' : 'Bearer',
  });
}
