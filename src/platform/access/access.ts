import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { type Caller, type TenantRole } from '../identity/index.js';

/** Label of a route: who may call it. The room `auth` enforces it; a route without a label is refused. */
export const ACCESS_LABEL = 'arauto:access';
export type AccessLabel =
  { readonly kind: 'public' } | { readonly kind: 'member'; readonly role: TenantRole };

/** Anybody may call it; say on the line above why. */
export const Public = () => SetMetadata(ACCESS_LABEL, { kind: 'public' } satisfies AccessLabel);

/** Members of the tenant with at least this role may call it. */
export const AllowRole = (role: TenantRole) =>
  SetMetadata(ACCESS_LABEL, { kind: 'member', role } satisfies AccessLabel);

/** What the guard leaves on the request for those behind it. */
export interface CallerRequest {
  caller?: Caller;
}

/** The caller of a route labelled with {@link AllowRole}. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<CallerRequest>();
  if (!caller) throw new Error('CurrentCaller needs a route labelled with AllowRole.');
  return caller;
});
