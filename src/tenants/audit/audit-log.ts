import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { beforeCommit } from '../../platform/database/index.js';
import { type Actor, type TenantId, type UserId } from '../../platform/identity/index.js';
import { type AuditedAct, canonicalAct } from './audit-chain.rules.js';

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

/**
 * The tenant's audit log: who did what, written in the transaction of the act itself, so that neither is without the
 * other. Each entry is chained to the one before it, so two acts of a tenant wait for each other from the writing to their
 * commit: a unit of work writes all of its own as the last that it does.
 */
@Injectable()
export class AuditLog {
  /** What units of work that go on will write. */
  private readonly recorded = new WeakMap<EntityManager, AuditEntry[]>();

  /** Writes into the log of the tenant that the manager's unit of work acts in. */
  record(manager: EntityManager, entry: AuditEntry): Promise<void> {
    return this.recordAll(manager, [entry]);
  }

  /** Several acts of one unit of work, in one statement however many they are. */
  async recordAll(manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
    const recorded = this.recorded.get(manager);
    if (recorded) {
      recorded.push(...entries);
      return;
    }
    const all = [...entries];
    this.recorded.set(manager, all);
    await beforeCommit(async () => {
      this.recorded.delete(manager);
      await append((sql, parameters) => manager.query(sql, parameters), null, all);
    });
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

/** One statement, which holds the tenant's head from here to the commit: numbers have no gaps and hashes one order. */
async function append(
  run: RunStatement,
  tenantId: TenantId | null,
  entries: readonly AuditEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const acts = entries.map((entry) => {
    const act: AuditedAct = {
      actorKind: entry.actor.kind,
      actorId: idOf(entry.actor),
      action: entry.action,
      subjectKind: entry.subject?.kind ?? null,
      subjectId: entry.subject?.id ?? null,
      details: entry.details ?? {},
    };
    return { ...act, canonical: canonicalAct(act) };
  });
  await run('SELECT append_audit_entries($1, $2)', [tenantId, JSON.stringify(acts)]);
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
