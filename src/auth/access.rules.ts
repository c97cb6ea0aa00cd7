import { type AccessLabel, type AccessScope } from '../platform/access/index.js';
import { isAtLeast, type TenantRole } from '../platform/identity/index.js';

export type Verdict =
  'allowed' | 'not_signed_in' | 'tenant_suspended' | 'not_allowed' | 'members_only' | 'scope_missing';

/** How somebody with a valid session or key stands. */
export interface Standing {
  readonly role: TenantRole;
  readonly isTenantSuspended: boolean;
  /** Of a program's key; a person has no need of them. */
  readonly scopes: readonly AccessScope[] | undefined;
}

/** An operator's session stands or is over; it has no role in any tenant. */
export const OPERATING = 'operating';

/**
 * Who may pass: the default is no.
 *
 * @param label undefined for a route that nobody labelled
 * @param standing undefined for somebody without a session or key of the kind that the label asks for
 */
export function judgeAccess(
  label: AccessLabel | undefined,
  standing: Standing | typeof OPERATING | undefined,
): Verdict {
  if (!label) return 'not_allowed';
  if (label.kind === 'public') return 'allowed';
  if (!standing) return 'not_signed_in';
  // One kind of session never does for the other.
  if (label.kind === 'operator') return standing === OPERATING ? 'allowed' : 'not_signed_in';
  if (standing === OPERATING) return 'not_signed_in';
  if (standing.isTenantSuspended) return 'tenant_suspended';
  if (standing.scopes) {
    if (label.scope === undefined) return 'members_only';
    if (!standing.scopes.includes(label.scope)) return 'scope_missing';
  }
  return isAtLeast(standing.role, label.role) ? 'allowed' : 'not_allowed';
}

/** The token of an `Authorization: Bearer` header (RFC 6750). */
export function bearerTokenOf(header: string | undefined): string | undefined {
  return /^Bearer +([\w~+/.=-]+)$/i.exec(header ?? '')?.[1];
}
