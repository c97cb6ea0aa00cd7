import { type EntityManager } from 'typeorm';
import { type ChainedEntry, type ChainHead } from './audit-chain.rules.js';
import { type AuditQuery } from './audit.dto.js';

export interface StoredEntry extends ChainedEntry {
  readonly id: string;
  readonly hash: Buffer;
}

/** Anything that runs a statement and gives rows: a tenant's manager, or the dispatcher. */
export type AuditReader = <Row extends object>(sql: string, parameters: unknown[]) => Promise<readonly Row[]>;

interface EntryRow extends Omit<StoredEntry, 'number' | 'at'> {
  readonly number: string;
  readonly at: Date;
}

const COLUMNS = `id, number, at, actor_kind AS "actorKind", actor_id AS "actorId", action,
  subject_kind AS "subjectKind", subject_id AS "subjectId", details, hash`;

/** Newest first. */
export async function findEntries(
  manager: EntityManager,
  before: string,
  query: AuditQuery,
): Promise<StoredEntry[]> {
  const rows = await manager.query<EntryRow[]>(
    `SELECT ${COLUMNS} FROM audit_entries
     WHERE id < $1 AND ($3::text IS NULL OR action = $3) AND ($4::uuid IS NULL OR actor_id = $4)
       AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)
     ORDER BY id DESC LIMIT $2`,
    [
      before,
      query.limit + 1,
      query.action ?? null,
      query.actorId ?? null,
      query.from ?? null,
      query.to ?? null,
    ],
  );
  return rows.map(toEntry);
}

/** In their order. */
export async function findEntriesAfter(
  read: AuditReader,
  tenantId: string,
  number: number,
  limit: number,
): Promise<StoredEntry[]> {
  const rows = await read<EntryRow>(
    `SELECT ${COLUMNS} FROM audit_entries WHERE tenant_id = $1 AND number > $2 ORDER BY number LIMIT $3`,
    [tenantId, number, limit],
  );
  return rows.map(toEntry);
}

/** Where the chain should end; undefined where nothing was ever written. */
export async function findHead(read: AuditReader, tenantId: string): Promise<ChainHead | undefined> {
  const [row] = await read<{ number: string; hash: Buffer }>(
    'SELECT number, hash FROM audit_heads WHERE tenant_id = $1',
    [tenantId],
  );
  return row && { number: Number(row.number), hash: row.hash };
}

/** Longer than reading one part takes, and then the next one moves it on. */
const VERIFICATION_SECONDS = 60;

/** @returns false where somebody verifies the chain already, in whatever process */
export async function beginVerification(manager: EntityManager): Promise<boolean> {
  const heads = await manager.query<unknown[]>(
    `INSERT INTO audit_heads AS head (tenant_id, verified_until)
     VALUES (current_tenant_id(), now() + make_interval(secs => $1))
     ON CONFLICT (tenant_id) DO UPDATE SET verified_until = excluded.verified_until
       WHERE head.verified_until <= now()
     RETURNING tenant_id`,
    [VERIFICATION_SECONDS],
  );
  return heads.length === 1;
}

export async function goOnVerifying(manager: EntityManager): Promise<void> {
  await manager.query(
    `UPDATE audit_heads SET verified_until = now() + make_interval(secs => $1)
     WHERE tenant_id = current_tenant_id()`,
    [VERIFICATION_SECONDS],
  );
}

export async function endVerification(manager: EntityManager): Promise<void> {
  await manager.query(
    `UPDATE audit_heads SET verified_until = '-infinity' WHERE tenant_id = current_tenant_id()`,
  );
}

const toEntry = (row: EntryRow): StoredEntry => ({
  ...row,
  number: Number(row.number),
  at: row.at.toISOString(),
});
