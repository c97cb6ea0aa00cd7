import { SharedRoom } from '../world/shared-room.js';
import { Ledger, type LedgerRow } from './ledger.js';

/** The ledgers of all workspaces: no figure of one tells anything of another. */
export class Ledgers {
  private readonly ledgers = new Map<string, Ledger>();
  private readonly room: SharedRoom;
  private lastOrdinal = 0;

  /** @param options rows of all together, and characters of each content */
  constructor(private readonly options: { capacityRows: number; contentCharacters: number }) {
    this.room = new SharedRoom(options.capacityRows);
  }

  /** How many rows were ever recorded. */
  get recorded(): number {
    return this.lastOrdinal;
  }

  of(workspaceId: string): Ledger {
    let ledger = this.ledgers.get(workspaceId);
    if (!ledger) {
      const { contentCharacters } = this.options;
      ledger = new Ledger({ room: this.room, contentCharacters, nextOrdinal: () => ++this.lastOrdinal });
      this.ledgers.set(workspaceId, ledger);
    }
    return ledger;
  }

  forget(workspaceId: string): void {
    const ledger = this.ledgers.get(workspaceId);
    if (!ledger) return;
    this.room.leave(ledger);
    this.ledgers.delete(workspaceId);
  }

  /** Rows of all workspaces after that ordinal, oldest first; their sequences are their ordinals. */
  *readAll(sinceOrdinal: number): Generator<LedgerRow> {
    const sources = [...this.ledgers.values()].map((ledger) => ledger.read(0));
    const heads = sources.map((rows) => advance(rows, sinceOrdinal));
    for (;;) {
      let first = -1;
      for (const [index, head] of heads.entries()) {
        if (head && head.ordinal < (heads[first]?.ordinal ?? Infinity)) first = index;
      }
      const row = heads[first];
      const source = sources[first];
      if (!row || !source) return;
      yield { ...row, sequence: row.ordinal };
      heads[first] = advance(source, sinceOrdinal);
    }
  }
}

function advance(rows: Generator<LedgerRow>, sinceOrdinal: number): LedgerRow | undefined {
  for (let next = rows.next(); !next.done; next = rows.next()) {
    if (next.value.ordinal > sinceOrdinal) return next.value;
  }
  return undefined;
}
