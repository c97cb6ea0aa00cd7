import { isAtLeast, type TenantRole } from '../../platform/identity/index.js';

export type MemberVerdict = 'allowed' | 'not_allowed' | 'last_owner';

/**
 * Owners manage everybody; an admin only those below, so that no admin makes or unmakes another: neither by a change of
 * role nor by an invitation.
 */
export function mayManage(actor: TenantRole, member: TenantRole): boolean {
  return actor === 'owner' || (actor === 'admin' && !isAtLeast(member, 'admin'));
}

/** @param owners of the tenant, the member among them where they are one */
export function judgeRoleChange(change: {
  readonly actor: TenantRole;
  readonly from: TenantRole;
  readonly to: TenantRole;
  readonly owners: number;
}): MemberVerdict {
  if (!mayManage(change.actor, change.from) || !mayManage(change.actor, change.to)) return 'not_allowed';
  return change.to === 'owner' ? 'allowed' : judgeLeaving(change.from, change.owners);
}

export function judgeRemoval(actor: TenantRole, member: TenantRole, owners: number): MemberVerdict {
  return mayManage(actor, member) ? judgeLeaving(member, owners) : 'not_allowed';
}

/** Everybody may go, but for the last owner: nobody could manage the tenant any more. */
export function judgeLeaving(member: TenantRole, owners: number): MemberVerdict {
  return member === 'owner' && owners <= 1 ? 'last_owner' : 'allowed';
}
