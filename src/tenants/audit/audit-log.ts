import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { type Actor, type TenantId, type UserId } from '../../platform/identity/index.js';

/** An operator who acts on the tenant from outside, without a look into it. */
interface OperatorActor {
  readonly kind: 'operator';
  readonly userId: UserId;
}

/** One act. Names no person and carries no secret: ids and plain facts alone. */
export interface AuditEntry {
  readonly actor: Actor | OperatorActor | { readonly kind: 'system' };
  /** What was done, subject and verb in the past: `bot.connected`, `member.role_changed`. */
  readonly action: string;
  readonly subject?: { readonly kind: string; readonly id: string };
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** The tenant's audit log: who did what, written in the transaction of the act itself, so that neither is without the other. */
@Injectable()
export class AuditLog {
  /** Writes into the log of the tenant that the manager's unit of work acts in. */
  async record(manager: EntityManager, entry: AuditEntry): Promise<void> {
    await manager.query(INSERT, [null, ...valuesOf(entry)]);
  }

  /** Crossing: for acts in a transaction of the dispatcher's. */
  async recordFor(client: PoolClient, tenantId: TenantId, entry: AuditEntry): Promise<void> {
    await client.query(INSERT, [tenantId, ...valuesOf(entry)]);
  }
}

const INSERT = `INSERT INTO audit_entries (tenant_id, actor_kind, actor_id, action, subject_kind, subject_id, details)
  VALUES (coalesce($1, current_tenant_id()), $2, $3, $4, $5, $6, $7)`;

function valuesOf(entry: AuditEntry): unknown[] {
  return [
    entry.actor.kind,
    idOf(entry.actor),
    entry.action,
    entry.subject?.kind ?? null,
    entry.subject?.id ?? null,
    JSON.stringify(entry.details ?? {}),
  ];
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
