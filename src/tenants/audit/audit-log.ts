import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { type Actor, type TenantId } from '../../platform/identity/index.js';

/** One act. Names no person and carries no secret: ids and plain facts alone. */
export interface AuditEntry {
  readonly actor: Actor | { readonly kind: 'system' };
  /** What was done, subject and verb in the past: `bot.connected`, `member.role_changed`. */
  readonly action: string;
  readonly subject?: { readonly kind: string; readonly id: string };
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** The tenant's audit log: who did what, written in the transaction of the act itself, so that neither is without the other. */
@Injectable()
export class AuditLog {
  /** Writes into the log of the tenant that the manager's unit of work acts in. */
  record(manager: EntityManager, entry: AuditEntry): Promise<void> {
    return this.insert(manager, entry);
  }

  /** The same in a transaction of the dispatcher, for acts that make a member or a tenant. */
  async recordFor(client: PoolClient, tenantId: TenantId, entry: AuditEntry): Promise<void> {
    await client.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId]);
    await this.insert(client, entry);
  }

  private async insert(
    transaction: { query(sql: string, parameters: unknown[]): Promise<unknown> },
    entry: AuditEntry,
  ): Promise<void> {
    await transaction.query(
      `INSERT INTO audit_entries (tenant_id, actor_kind, actor_id, action, subject_kind, subject_id, details)
       VALUES (current_tenant_id(), $1, $2, $3, $4, $5, $6)`,
      [
        entry.actor.kind,
        idOf(entry.actor),
        entry.action,
        entry.subject?.kind ?? null,
        entry.subject?.id ?? null,
        JSON.stringify(entry.details ?? {}),
      ],
    );
  }
}

function idOf(actor: AuditEntry['actor']): string | null {
  switch (actor.kind) {
    case 'system':
      return null;
    case 'api_key':
      return actor.apiKeyId;
    default:
      return actor.userId;
  }
}
