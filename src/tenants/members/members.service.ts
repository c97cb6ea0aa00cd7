import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { AccessChanges } from '../../platform/access/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import { conflict, invalidField, notFound, ProblemError } from '../../platform/errors/index.js';
import { idBefore, type Page, pageOf, type PageQuery } from '../../platform/http/index.js';
import {
  asUserId,
  type Caller,
  type MemberCaller,
  type TenantId,
  type TenantRole,
  type UserId,
} from '../../platform/identity/index.js';
import { AuditLog } from '../audit/audit-log.js';
import { type MemberView } from './member.dto.js';
import { judgeLeaving, judgeRemoval, judgeRoleChange, type MemberVerdict } from './member.rules.js';
import { type MemberRow, MembersRepository } from './members.repository.js';

/** What a member's going takes along, in its transaction. Runs before: afterwards nothing tells whose it was. */
type GoingHook = (manager: EntityManager, caller: MemberCaller, userId: UserId) => Promise<void>;

/** Who belongs to a tenant, and as what. What somebody may do is judged by their role of now, not of their sign-in. */
@Injectable()
export class MembersService {
  private readonly goingHooks: GoingHook[] = [];

  constructor(
    private readonly database: TenantDatabase,
    private readonly repository: MembersRepository,
    private readonly audit: AuditLog,
    private readonly accessChanges: AccessChanges,
  ) {}

  /** For rooms to the right, which keep what belongs to a member. */
  beforeGoing(hook: GoingHook): void {
    this.goingHooks.push(hook);
  }

  list(caller: Caller, query: PageQuery): Promise<Page<MemberView>> {
    return this.database.run(caller.tenantId, async (manager) => {
      const rows = await this.repository.findPage(manager, caller.tenantId, idBefore(query), query.limit + 1);
      return pageOf(rows, query, viewMember);
    });
  }

  changeRole(caller: MemberCaller, userId: string, role: TenantRole): Promise<MemberView> {
    return this.changeMembers(caller, async (manager, actor, owners) => {
      const member = await this.findOrThrow(manager, caller.tenantId, userId);
      refuseUnlessAllowed(judgeRoleChange({ actor, from: member.role, to: role, owners }));
      if (member.role !== role) await this.setRole(manager, caller, member, role);
      return viewMember({ ...member, role });
    });
  }

  remove(caller: MemberCaller, userId: string): Promise<void> {
    return this.changeMembers(caller, async (manager, actor, owners) => {
      const member = await this.findOrThrow(manager, caller.tenantId, userId);
      refuseUnlessAllowed(judgeRemoval(actor, member.role, owners));
      await this.delete(manager, caller, member, 'member.removed');
    });
  }

  leave(caller: MemberCaller): Promise<void> {
    return this.changeMembers(caller, async (manager, actor, owners) => {
      refuseUnlessAllowed(judgeLeaving(actor, owners));
      const self = await this.findOrThrow(manager, caller.tenantId, caller.actor.userId);
      await this.delete(manager, caller, self, 'member.left');
    });
  }

  /** The caller becomes an admin; other owners stay what they are. */
  transferOwnership(caller: MemberCaller, userId: string): Promise<MemberView> {
    if (userId === caller.actor.userId) {
      throw invalidField('userId', 'own_id', 'Name another member: this is yourself.');
    }
    return this.changeMembers(caller, async (manager, actor) => {
      const heir = await this.findOrThrow(manager, caller.tenantId, userId);
      if (actor !== 'owner') throw notAllowed();
      const self = await this.findOrThrow(manager, caller.tenantId, caller.actor.userId);
      await this.setRole(manager, caller, heir, 'owner');
      await this.setRole(manager, caller, self, 'admin');
      return viewMember({ ...heir, role: 'owner' });
    });
  }

  /** The role of now of somebody who may have been removed meanwhile. @throws ProblemError 403 for who is no member */
  async findRole(manager: EntityManager, tenantId: TenantId, userId: UserId): Promise<TenantRole> {
    const member = await this.repository.findById(manager, tenantId, userId);
    if (!member) throw notAllowed();
    return member.role;
  }

  private changeMembers<Result>(
    { tenantId, actor: { userId } }: MemberCaller,
    work: (manager: EntityManager, actor: TenantRole, owners: number) => Promise<Result>,
  ): Promise<Result> {
    return this.database.run(tenantId, async (manager) => {
      await this.repository.lockAll(manager, tenantId);
      const role = await this.findRole(manager, tenantId, userId);
      return work(manager, role, await this.repository.countOwners(manager, tenantId));
    });
  }

  private async findOrThrow(manager: EntityManager, tenantId: TenantId, userId: string): Promise<MemberRow> {
    const member = await this.repository.findById(manager, tenantId, userId);
    if (!member) throw notFound('member');
    return member;
  }

  private async setRole(
    manager: EntityManager,
    { tenantId, actor }: MemberCaller,
    member: MemberRow,
    role: TenantRole,
  ): Promise<void> {
    await this.repository.changeRole(manager, tenantId, member.id, role);
    await this.audit.record(manager, {
      actor,
      action: 'member.role_changed',
      subject: { kind: 'member', id: member.id },
      details: { from: member.role, to: role },
    });
    await this.accessChanges.announce(manager, member.id);
  }

  private async delete(
    manager: EntityManager,
    caller: MemberCaller,
    member: MemberRow,
    action: 'member.removed' | 'member.left',
  ): Promise<void> {
    const { tenantId, actor } = caller;
    for (const hook of this.goingHooks) await hook(manager, caller, asUserId(member.id));
    await this.repository.delete(manager, tenantId, member.id);
    const subject = { kind: 'member', id: member.id };
    await this.audit.record(manager, { actor, action, subject, details: { role: member.role } });
    await this.accessChanges.announce(manager, member.id);
  }
}

function viewMember(member: MemberRow): MemberView {
  return { ...member, joinedAt: member.joinedAt.toISOString() };
}

function refuseUnlessAllowed(verdict: MemberVerdict): void {
  switch (verdict) {
    case 'allowed':
      return;
    case 'not_allowed':
      throw notAllowed();
    case 'last_owner':
      throw conflict('last_owner', 'A tenant keeps at least one owner: make somebody else an owner first.');
  }
}

/** The route's label let the caller in; what they ask for takes more. */
export function notAllowed(): ProblemError {
  return new ProblemError(
    403,
    'not_allowed',
    'Your role does not allow this: admins manage editors and viewers, owners manage everybody.',
  );
}
