import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type TenantId, type TenantRole, type UserId } from '../../platform/identity/index.js';
import { type CreateInvitation } from './invitation.dto.js';
import { INVITATION_DAYS } from './invitation.rules.js';

export interface InvitationRow {
  readonly id: string;
  readonly email: string;
  readonly role: TenantRole;
  readonly invitedBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** What of an open invitation decides whether it is mailed again. */
interface SentInvitation extends InvitationRow {
  readonly mailsSent: number;
  readonly secondsSinceMail: number;
}

/** An invitation as its link finds it, with who stands behind it now. */
export interface ShownInvitation {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly email: string;
  readonly role: TenantRole;
  readonly tenantName: string;
  readonly inviterName: string;
  readonly inviterRole: TenantRole;
}

export type InvitationEnd = 'accepted' | 'revoked' | 'expired';

const COLUMNS = `id, email, role, invited_by AS "invitedBy", created_at AS "createdAt", expires_at AS "expiresAt"`;
const EXPIRY = `now() + make_interval(days => ${INVITATION_DAYS})`;

/** An invitation is open until it has an end; the partial unique index keeps one open for each address. */
@Injectable()
export class InvitationsRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** @returns undefined when an open one for the address is there already */
  async insert(
    manager: EntityManager,
    tenantId: TenantId,
    invitation: CreateInvitation & { readonly invitedBy: UserId; readonly tokenHash: Buffer },
  ): Promise<InvitationRow | undefined> {
    const [row] = await manager.query<InvitationRow[]>(
      `INSERT INTO invitations (tenant_id, email, role, invited_by, token_hash, expires_at)
       VALUES ($1, $2, $3, $4, $5, ${EXPIRY})
       ON CONFLICT (tenant_id, email) WHERE ended_at IS NULL DO NOTHING RETURNING ${COLUMNS}`,
      [tenantId, invitation.email, invitation.role, invitation.invitedBy, invitation.tokenHash],
    );
    return row;
  }

  /** Makes room for a new invitation to an address whose old one is over. */
  async endExpired(manager: EntityManager, email: string): Promise<void> {
    await manager.query(
      `UPDATE invitations SET ended_at = now(), ended_reason = 'expired'
       WHERE email = $1 AND ended_at IS NULL AND expires_at <= now()`,
      [email],
    );
  }

  async countOfDay(manager: EntityManager): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM invitations WHERE created_at > now() - interval '1 day'`,
    );
    return row?.count ?? 0;
  }

  findOpenPage(manager: EntityManager, before: string, limit: number): Promise<InvitationRow[]> {
    return manager.query<InvitationRow[]>(
      `SELECT ${COLUMNS} FROM invitations WHERE id < $1 AND ended_at IS NULL ORDER BY id DESC LIMIT $2`,
      [before, limit],
    );
  }

  async lockOpen(manager: EntityManager, id: string): Promise<SentInvitation | undefined> {
    const [row] = await manager.query<SentInvitation[]>(
      `SELECT ${COLUMNS}, mails_sent AS "mailsSent",
         extract(epoch FROM now() - mailed_at)::float8 AS "secondsSinceMail"
       FROM invitations WHERE id = $1 AND ended_at IS NULL FOR UPDATE`,
      [id],
    );
    return row;
  }

  async renew(manager: EntityManager, id: string, tokenHash: Buffer): Promise<InvitationRow | undefined> {
    const [rows] = await manager.query<[InvitationRow[], number]>(
      `UPDATE invitations SET token_hash = $2, expires_at = ${EXPIRY}, mailed_at = now(), mails_sent = mails_sent + 1
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, tokenHash],
    );
    return rows[0];
  }

  async end(
    transaction: { query(sql: string, parameters: unknown[]): Promise<unknown> },
    id: string,
    reason: InvitationEnd,
  ): Promise<void> {
    await transaction.query('UPDATE invitations SET ended_at = now(), ended_reason = $2 WHERE id = $1', [
      id,
      reason,
    ]);
  }

  /** Crossing: the link comes without a tenant. Only what is open, of a tenant that is not suspended. */
  async findByToken(tokenHash: Buffer): Promise<ShownInvitation | undefined> {
    const [shown] = await this.dispatcher.query<ShownInvitation>(SHOWN, [tokenHash]);
    return shown;
  }

  /** Crossing, as {@link findByToken}: whoever shows the same link meanwhile waits, and then finds it used. */
  async lockByToken(client: PoolClient, tokenHash: Buffer): Promise<ShownInvitation | undefined> {
    const { rows } = await client.query<ShownInvitation>(`${SHOWN} FOR UPDATE OF invitations`, [tokenHash]);
    return rows[0];
  }
}

const SHOWN = `SELECT invitations.id, invitations.tenant_id AS "tenantId", invitations.email, invitations.role,
    tenants.name AS "tenantName", users.name AS "inviterName", members.role AS "inviterRole"
  FROM invitations
  JOIN tenants ON tenants.id = invitations.tenant_id AND tenants.state = 'active'
  JOIN members ON members.tenant_id = invitations.tenant_id AND members.user_id = invitations.invited_by
  JOIN users ON users.id = members.user_id
  WHERE invitations.token_hash = $1 AND invitations.ended_at IS NULL AND invitations.expires_at > now()`;
