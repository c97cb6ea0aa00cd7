/** Deliveries whose last try failed are few; beyond so many the oldest are forgotten, and are tried a little more often. */
const MOST = 20_000;

/**
 * How often in a row each delivery of this process's lanes came to the same fault. In memory alone: the next process
 * begins to count anew.
 */
export class FaultRows {
  private readonly rows = new Map<string, { readonly fault: string; readonly times: number }>();

  /** @returns how often in a row by now */
  note(key: string, fault: string): number {
    const row = this.rows.get(key);
    const times = row?.fault === fault ? row.times + 1 : 1;
    // Set anew, so that the oldest comes first.
    this.rows.delete(key);
    this.rows.set(key, { fault, times });
    const [oldest] = this.rows.size > MOST ? this.rows.keys() : [];
    if (oldest !== undefined) this.rows.delete(oldest);
    return times;
  }

  end(key: string): void {
    this.rows.delete(key);
  }
}
