import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { type Actor, type TenantId, type UserId } from '../../platform/identity/index.js';
import { hashOf } from './audit-chain.rules.js';

/** An operator who acts on the tenant from outside, without a look into it. */
interface OperatorActor {
  readonly kind: 'operator';
  readonly userId: UserId;
}

/** A schedule of the tenant, at a due time of its own. */
interface ScheduleActor {
  readonly kind: 'schedule';
  readonly scheduleId: string;
}

/** One act. Names no person and carries no secret: ids and plain facts alone. */
export interface AuditEntry {
  readonly actor: Actor | OperatorActor | ScheduleActor | { readonly kind: 'system' };
  /** What was done, subject and verb in the past: `bot.connected`, `member.role_changed`. */
  readonly action: string;
  readonly subject?: { readonly kind: string; readonly id: string };
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

type RunStatement = <Row>(sql: string, parameters: unknown[]) => Promise<Row[]>;

/** What is to be written into the log of which tenant. */
export interface TenantAct {
  readonly tenantId: TenantId;
  readonly entry: AuditEntry;
}

interface Head {
  readonly tenantId: string;
  /** bigint: comes as text. */
  readonly number: string;
  readonly hash: Buffer;
  readonly at: Date;
}

/**
 * The tenant's audit log: who did what, written in the transaction of the act itself, so that neither is without the
 * other. Each entry is chained to the one before it, so two acts of a tenant wait for each other from here to their
 * commit: record last.
 */
@Injectable()
export class AuditLog {
  /** Writes into the log of the tenant that the manager's unit of work acts in. */
  record(manager: EntityManager, entry: AuditEntry): Promise<void> {
    return this.recordAll(manager, [entry]);
  }

  /** Several acts of one unit of work, in two statements however many they are. */
  recordAll(manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
    return append((sql, parameters) => manager.query(sql, parameters), null, entries);
  }

  /** Crossing: for acts in a transaction of the dispatcher's. */
  recordFor(client: PoolClient, tenantId: TenantId, entry: AuditEntry): Promise<void> {
    const run: RunStatement = async (sql, parameters) => (await client.query(sql, parameters)).rows as never;
    return append(run, tenantId, [entry]);
  }

  /**
   * Crossing: acts in one transaction of several tenants. The tenants' heads are held in one order: two who hold some of
   * the same wait for each other's end, not for each other.
   */
  async recordAcross(client: PoolClient, acts: readonly TenantAct[]): Promise<void> {
    const sorted = acts.toSorted((one, other) =>
      one.tenantId < other.tenantId ? -1 : Number(one.tenantId > other.tenantId),
    );
    for (const { tenantId, entry } of sorted) await this.recordFor(client, tenantId, entry);
  }

  /**
   * Crossing: for what a person does to their account, which every tenant that they belong to is to know.
   *
   * @param more acts of the same transaction, of some of those tenants
   */
  async recordEverywhere(
    client: PoolClient,
    userId: UserId,
    entry: AuditEntry,
    more: readonly TenantAct[] = [],
  ): Promise<void> {
    const { rows } = await client.query<{ tenantId: TenantId }>(
      'SELECT tenant_id AS "tenantId" FROM members WHERE user_id = $1',
      [userId],
    );
    await this.recordAcross(client, [...rows.map(({ tenantId }) => ({ tenantId, entry })), ...more]);
  }
}

async function append(
  run: RunStatement,
  tenantId: TenantId | null,
  entries: readonly AuditEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  // Makes the head where there is none, and holds it until the commit: numbers have no gaps and hashes one order.
  const [head] = await run<Head>(
    `INSERT INTO audit_heads AS head (tenant_id) VALUES (coalesce($1, current_tenant_id()))
     ON CONFLICT (tenant_id) DO UPDATE SET number = head.number
     RETURNING tenant_id AS "tenantId", number, hash, date_trunc('milliseconds', clock_timestamp()) AS at`,
    [tenantId],
  );
  if (!head) throw new Error('The audit log has no head.');
  let { hash } = head;
  const rows = entries.map((entry, index) => {
    const chained = {
      number: Number(head.number) + index + 1,
      at: head.at.toISOString(),
      actorKind: entry.actor.kind,
      actorId: idOf(entry.actor),
      action: entry.action,
      subjectKind: entry.subject?.kind ?? null,
      subjectId: entry.subject?.id ?? null,
      details: entry.details ?? {},
    };
    hash = hashOf(hash, chained);
    return { ...chained, hash: hash.toString('hex') };
  });
  await run(
    `WITH entries AS (
       INSERT INTO audit_entries
         (tenant_id, number, at, actor_kind, actor_id, action, subject_kind, subject_id, details, hash)
       SELECT $1::uuid, number, at, "actorKind", "actorId", action, "subjectKind", "subjectId", details, decode(hash, 'hex')
       FROM jsonb_to_recordset($2::jsonb) AS entry (number bigint, at timestamptz, "actorKind" text, "actorId" uuid,
         action text, "subjectKind" text, "subjectId" uuid, details jsonb, hash text)
       ORDER BY number)
     UPDATE audit_heads SET number = $3, hash = $4 WHERE tenant_id = $1`,
    [head.tenantId, JSON.stringify(rows), Number(head.number) + rows.length, hash],
  );
}

function idOf(actor: AuditEntry['actor']): string | null {
  switch (actor.kind) {
    case 'system':
      return null;
    case 'api_key':
      return actor.apiKeyId;
    case 'schedule':
      return actor.scheduleId;
    default:
      return actor.userId;
  }
}
