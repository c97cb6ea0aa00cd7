import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import { ProblemError } from '../errors/index.js';
import { type Caller, type MemberCaller, type OperatorCaller, type TenantRole } from '../identity/index.js';
import { type AccessScope } from './access-scopes.js';

/** Label of a route: who may call it. The room `auth` enforces it; a route without a label is refused. */
export const ACCESS_LABEL = 'arauto:access';
export type AccessLabel =
  | { readonly kind: 'public' }
  | { readonly kind: 'member'; readonly role: TenantRole; readonly scope: AccessScope | undefined }
  | { readonly kind: 'operator' };

/** Anybody may call it; say on the line above why. */
export const Public = () => SetMetadata(ACCESS_LABEL, { kind: 'public' } satisfies AccessLabel);

/**
 * Members of the tenant with at least this role may call it.
 *
 * @param scope the one that a program's API key needs; without it the route is for people alone
 */
export const AllowRole = (role: TenantRole, scope?: AccessScope) =>
  applyDecorators(
    SetMetadata(ACCESS_LABEL, { kind: 'member', role, scope } satisfies AccessLabel),
    ...(scope === undefined ? [] : [ApiSecurity('apiKey', [scope])]),
  );

/** Whoever runs the installation may call it, by an operator's session and no other. */
export const AllowOperator = () => SetMetadata(ACCESS_LABEL, { kind: 'operator' } satisfies AccessLabel);

/** What the guard leaves on the request for those behind it. */
export interface CallerRequest {
  caller?: Caller;
  operator?: OperatorCaller;
  access?: StandingAccess;
}

/** Whether whoever was let in still would be, for an answer that goes on for long. */
export interface StandingAccess {
  /** Asks anew, as if the request came now. @throws ProblemError the one that it would get */
  refuseIfOver(): Promise<void>;
}

/** The caller of a route labelled with {@link AllowRole}. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<CallerRequest>();
  if (!caller) throw new Error('CurrentCaller needs a route labelled with AllowRole.');
  return caller;
});

/** For event streams: to be asked before every event, since sessions end, members go and tenants are suspended meanwhile. */
export const CurrentAccess = createParamDecorator((_: unknown, context: ExecutionContext): StandingAccess => {
  const { access } = context.switchToHttp().getRequest<CallerRequest>();
  if (!access) throw new Error('CurrentAccess needs a route labelled with AllowRole or AllowOperator.');
  return access;
});

/** The member who calls, for what concerns a person's own account and membership: no program's key gets there. */
export const CurrentMember = createParamDecorator((_: unknown, context: ExecutionContext): MemberCaller => {
  const { caller } = context.switchToHttp().getRequest<CallerRequest>();
  if (caller?.actor.kind !== 'member') throw membersOnly();
  return { ...caller, actor: caller.actor };
});

export function membersOnly(): ProblemError {
  return new ProblemError(403, 'members_only', 'Only a person who signed in may do this.');
}

/** The operator of a route labelled with {@link AllowOperator}. */
export const CurrentOperator = createParamDecorator(
  (_: unknown, context: ExecutionContext): OperatorCaller => {
    const { operator } = context.switchToHttp().getRequest<CallerRequest>();
    if (!operator) throw new Error('CurrentOperator needs a route labelled with AllowOperator.');
    return operator;
  },
);
