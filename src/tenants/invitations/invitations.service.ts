import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { Configuration } from '../../config/index.js';
import { randomSecret, sha256 } from '../../platform/crypto/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import { conflict, notFound, ProblemError, tooMany } from '../../platform/errors/index.js';
import {
  idBefore,
  IdempotencyService,
  type IdempotentRequest,
  type Page,
  pageOf,
  type PageQuery,
} from '../../platform/http/index.js';
import {
  type Caller,
  type MemberCaller,
  type TenantRole,
  type UserId,
} from '../../platform/identity/index.js';
import { Mailer } from '../../platform/mail/index.js';
import { AuditLog, type AuditEntry } from '../audit/audit-log.js';
import { mayManage } from '../members/member.rules.js';
import { MembersRepository } from '../members/members.repository.js';
import { MembersService, notAllowed } from '../members/members.service.js';
import { Quotas } from '../plans/quotas.service.js';
import { TenantsRepository } from '../tenants.repository.js';
import { type CreateInvitation, type InvitationView } from './invitation.dto.js';
import { writeInvitation } from './invitation-mail.rules.js';
import { INVITATION_DAYS, INVITATIONS_PER_DAY, judgeMail } from './invitation.rules.js';
import { type InvitationRow, InvitationsRepository, type ShownInvitation } from './invitations.repository.js';

/**
 * Invitations by a link that goes to the invited address and nowhere else, not even to whoever invites: having it proves
 * that the address is one's own. Only a hash of it is kept.
 */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly repository: InvitationsRepository,
    private readonly members: MembersService,
    private readonly memberRows: MembersRepository,
    private readonly tenants: TenantsRepository,
    private readonly quotas: Quotas,
    private readonly idempotency: IdempotencyService,
    private readonly audit: AuditLog,
    private readonly mailer: Mailer,
    private readonly configuration: Configuration,
  ) {}

  create(caller: MemberCaller, request: IdempotentRequest, input: CreateInvitation): Promise<InvitationView> {
    this.mailer.refuseIfUnable();
    const { tenantId, actor } = caller;
    return this.idempotency.run(caller, request, async (manager) => {
      await this.memberRows.lockAll(manager, tenantId);
      await this.refuseUnlessMayInvite(manager, caller, input.role);
      // Only what the tenant sees anyway: whether the address has an account elsewhere is not its business.
      if (await this.memberRows.isMember(manager, tenantId, input.email)) throw alreadyMember();
      if ((await this.repository.countOfDay(manager)) >= INVITATIONS_PER_DAY) throw tooManyInvitations();
      await this.repository.endExpired(manager, input.email);
      await this.quotas.assertRoom(manager, tenantId, 'members');
      const token = randomSecret();
      const invitation = await this.repository.insert(manager, tenantId, {
        ...input,
        invitedBy: actor.userId,
        tokenHash: sha256(token),
      });
      if (!invitation) {
        throw conflict('already_invited', 'This address has an open invitation; send that one again.');
      }
      await this.record(manager, actor, 'invitation.created', invitation);
      await this.mailAfterCommit(manager, caller, invitation, token);
      return viewInvitation(invitation);
    });
  }

  list(caller: Caller, query: PageQuery): Promise<Page<InvitationView>> {
    return this.database.run(caller.tenantId, async (manager) =>
      pageOf(
        await this.repository.findOpenPage(manager, idBefore(query), query.limit + 1),
        query,
        viewInvitation,
      ),
    );
  }

  /** Mails a new link, good for another while; the old one is worth nothing any more. */
  resend(caller: MemberCaller, id: string): Promise<InvitationView> {
    this.mailer.refuseIfUnable();
    return this.database.run(caller.tenantId, async (manager) => {
      const open = await this.repository.lockOpen(manager, id);
      if (!open) throw notFound('invitation');
      await this.refuseUnlessMayInvite(manager, caller, open.role);
      const verdict = judgeMail(open.mailsSent, open.secondsSinceMail);
      if (verdict.kind === 'too_many') {
        throw conflict(
          'too_many_mails',
          'This invitation was mailed often enough; ask the person, or revoke it.',
        );
      }
      if (verdict.kind === 'too_soon') {
        const { retryAfterSeconds } = verdict;
        throw tooMany(
          'mailed_just_now',
          `It was mailed a moment ago; try again in ${retryAfterSeconds} s.`,
          retryAfterSeconds,
        );
      }
      const token = randomSecret();
      const renewed = await this.repository.renew(manager, id, sha256(token));
      if (!renewed) throw notFound('invitation');
      await this.record(manager, caller.actor, 'invitation.resent', renewed);
      await this.mailAfterCommit(manager, caller, renewed, token);
      return viewInvitation(renewed);
    });
  }

  revoke(caller: MemberCaller, id: string): Promise<void> {
    return this.database.run(caller.tenantId, async (manager) => {
      const open = await this.repository.lockOpen(manager, id);
      if (!open) throw notFound('invitation');
      await this.repository.end(manager, id, 'revoked');
      await this.record(manager, caller.actor, 'invitation.revoked', open);
    });
  }

  /** @throws ProblemError 404 for every link that opens nothing (any more) */
  async preview(token: string): Promise<ShownInvitation> {
    return refuseUnlessGood(await this.repository.findByToken(sha256(token)));
  }

  /**
   * An invitation has its place since it was made; there may be none any more where the plan became smaller.
   *
   * @throws ProblemError 402, or 404 as {@link preview}
   */
  async assertRoom(token: string): Promise<void> {
    const { tenantId } = await this.preview(token);
    await this.database.run(tenantId, (manager) => this.quotas.assertRoom(manager, tenantId, 'members', 0));
  }

  /**
   * Uses an invitation up, within the transaction of whoever knows the person: {@link admit} completes it.
   *
   * @throws ProblemError 404 for every link that opens nothing (any more)
   */
  async take(client: PoolClient, token: string): Promise<ShownInvitation> {
    const invitation = refuseUnlessGood(await this.repository.lockByToken(client, sha256(token)));
    await this.repository.end(client, invitation.id, 'accepted');
    return invitation;
  }

  /**
   * Makes the person a member, as the invitation says; its address must be proven theirs by now.
   *
   * @param actor system for a person without a session
   */
  async admit(
    client: PoolClient,
    { id, tenantId, role }: ShownInvitation,
    userId: UserId,
    actor: AuditEntry['actor'],
  ): Promise<void> {
    if (!(await this.memberRows.insert(client, tenantId, userId, role))) throw alreadyMember();
    await this.audit.recordFor(client, tenantId, {
      actor,
      action: 'member.joined',
      subject: { kind: 'member', id: userId },
      details: { role, invitationId: id },
    });
  }

  private async refuseUnlessMayInvite(
    manager: EntityManager,
    { tenantId, actor }: MemberCaller,
    role: TenantRole,
  ): Promise<void> {
    if (!mayManage(await this.members.findRole(manager, tenantId, actor.userId), role)) throw notAllowed();
    // Mails in a person's name go out for a person who can be reached.
    if (!(await this.memberRows.isEmailConfirmed(manager, tenantId, actor.userId))) throw emailNotConfirmed();
  }

  private record(
    manager: EntityManager,
    actor: AuditEntry['actor'],
    action: string,
    { id, role }: InvitationRow,
  ): Promise<void> {
    return this.audit.record(manager, {
      actor,
      action,
      subject: { kind: 'invitation', id },
      details: { role },
    });
  }

  private async mailAfterCommit(
    manager: EntityManager,
    { tenantId, actor }: MemberCaller,
    { email }: InvitationRow,
    token: string,
  ): Promise<void> {
    const tenant = await this.tenants.findByIdOrThrow(manager, tenantId);
    const inviter = await this.memberRows.findById(manager, tenantId, actor.userId);
    const { subject, text } = writeInvitation(tenant.language, {
      inviterName: inviter?.name ?? tenant.name,
      tenantName: tenant.name,
      link: this.linkOf(token),
      days: INVITATION_DAYS,
    });
    this.database.afterCommit(() => this.mailer.sendAskedFor({ to: email, subject, text }));
  }

  /** Behind the #, so that the token reaches the page and no log of any server. */
  private linkOf(token: string): string {
    return `${this.configuration.consoleUrl}/join#token=${token}`;
  }
}

/** An invitation is as good as the present right of whoever made it. */
function refuseUnlessGood(invitation: ShownInvitation | undefined): ShownInvitation {
  if (!invitation || !mayManage(invitation.inviterRole, invitation.role)) {
    throw new ProblemError(
      404,
      'not_found',
      'This invitation is over, was used, or never was; ask for another one.',
    );
  }
  return invitation;
}

function viewInvitation({ createdAt, expiresAt, ...row }: InvitationRow): InvitationView {
  return { ...row, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString() };
}

export const emailNotConfirmed = () =>
  conflict('email_not_confirmed', 'Confirm your e-mail address first, by the link that was mailed to it.');

const alreadyMember = () => conflict('already_member', 'This person is a member of the tenant already.');

const tooManyInvitations = () =>
  tooMany(
    'too_many_invitations',
    `A tenant makes at most ${INVITATIONS_PER_DAY} invitations in a day; go on tomorrow.`,
    60 * 60,
  );
