import {
  CHAIN_START,
  type ChainBreak,
  type ChainHead,
  findLostEnd,
  followChain,
} from './audit-chain.rules.js';
import { type AuditReader, findEntriesAfter, findHead } from './audit.repository.js';

/** Entries read at a time: a few hundred kilobytes. */
const PART = 1_000;

export interface Verified {
  /** Entries that hold, from the first on. */
  readonly entries: number;
  readonly broken: ChainBreak | undefined;
}

/**
 * Follows a tenant's whole chain. The head is read first: what is written meanwhile lies beyond it and isn't looked at.
 */
export async function verifyChain(read: AuditReader, tenantId: string): Promise<Verified> {
  const head = (await findHead(read, tenantId)) ?? CHAIN_START;
  let last: ChainHead = CHAIN_START;
  for (;;) {
    const part = (await findEntriesAfter(read, tenantId, last.number, PART)).filter(
      ({ number }) => number <= head.number,
    );
    const followed = followChain(last, part);
    if ('problem' in followed) return { entries: followed.number - 1, broken: followed };
    last = followed;
    if (part.length < PART) return { entries: last.number, broken: findLostEnd(last, head) };
  }
}
