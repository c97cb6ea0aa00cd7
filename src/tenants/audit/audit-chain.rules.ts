import { sha256 } from '../../platform/crypto/index.js';

/** What was done, by whom and to what. */
export interface AuditedAct {
  readonly actorKind: string;
  readonly actorId: string | null;
  readonly action: string;
  readonly subjectKind: string | null;
  readonly subjectId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What of an entry the chain covers; all of it but the id that the database gave it. */
export interface ChainedEntry extends AuditedAct {
  /** From 1 on, without gaps. */
  readonly number: number;
  /** ISO 8601 in UTC, to the millisecond. */
  readonly at: string;
}

/** Where a chain stands: the number of its last entry and that entry's hash. */
export interface ChainHead {
  readonly number: number;
  readonly hash: Buffer;
}

/** Before the first entry. */
export const CHAIN_START: ChainHead = { number: 0, hash: Buffer.alloc(32) };

/**
 * SHA-256 over the previous entry's hash (32 bytes) and this entry as canonical text: a JSON array of its fields in a
 * fixed order, with the keys of the details sorted. Anybody who has the entries can compute it again.
 */
export function hashOf(previousHash: Buffer, entry: ChainedEntry): Buffer {
  return sha256(Buffer.concat([previousHash, Buffer.from(canonicalText(entry))]));
}

export function canonicalText(entry: ChainedEntry): string {
  return `[${entry.number},"${entry.at}",${canonicalAct(entry)}]`;
}

/**
 * What of the canonical text doesn't hang on the place in the chain. PostgreSQL puts number and instant before it, and
 * hashes it, where the entry is written: `append_audit_entries`.
 */
export function canonicalAct(entry: AuditedAct): string {
  const details = Object.entries(entry.details).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([
    entry.actorKind,
    entry.actorId,
    entry.action,
    entry.subjectKind,
    entry.subjectId,
    Object.fromEntries(details),
  ]).slice(1, -1);
}

/** The first place where a chain doesn't hold. */
export interface ChainBreak {
  readonly number: number;
  readonly problem: 'missing' | 'changed';
}

/**
 * Follows a part of a chain.
 *
 * @param from where the part before it ended
 * @param entries in order
 * @returns where this part ends, or where it breaks
 */
export function followChain(
  from: ChainHead,
  entries: readonly (ChainedEntry & { readonly hash: Buffer })[],
): ChainHead | ChainBreak {
  let head = from;
  for (const entry of entries) {
    const number = head.number + 1;
    if (entry.number !== number) return { number, problem: 'missing' };
    if (!hashOf(head.hash, entry).equals(entry.hash)) return { number, problem: 'changed' };
    head = { number, hash: entry.hash };
  }
  return head;
}

/** Whether a chain that was followed to its last entry ends where it should; undefined where it does. */
export function findLostEnd(last: ChainHead, head: ChainHead): ChainBreak | undefined {
  if (last.number < head.number) return { number: last.number + 1, problem: 'missing' };
  if (last.number > head.number || !last.hash.equals(head.hash)) {
    return { number: last.number, problem: 'changed' };
  }
  return undefined;
}
